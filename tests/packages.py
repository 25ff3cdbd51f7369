"""Small packages that add members to imgconv, as if they were installed: modules beside a folder of their metadata."""

from pathlib import Path


def install(folder, package, entry_points, **modules):
    """Write a package below `folder`, which has to be on the path.

    Args:
        folder: where packages are installed.
        package: its name.
        entry_points: for every group of entry points what it names, {group: {name: "module"}}.
        modules: their source, by their names.
    """
    folder = Path(folder)
    metadata = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = (
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in names.items())
        for group, names in entry_points.items()
    )
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
