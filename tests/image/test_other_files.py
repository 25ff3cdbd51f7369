"""Files that are no picture that is read here: the message names what each is, and the way out."""

import gzip
import io
import zipfile

import pytest

import imgconv


def boxes(brand, *compatible):
    body = brand + b"\0\0\0\0" + b"".join(compatible)
    return (8 + len(body)).to_bytes(4, "big") + b"ftyp" + body + b"\0\0\0\x08mdat"


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "hello")
    return file.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'

FILES = {
    "heic": (boxes(b"heic", b"mif1", b"heic"), "HEIC"),
    "heif": (boxes(b"mif1", b"miaf", b"heic"), "HEIC"),
    "cr3": (boxes(b"crx ", b"isom"), "raw photograph (CR3)"),
    "mp4": (boxes(b"isom", b"mp42"), "video"),
    "mov": (boxes(b"qt  "), "video"),
    "raf": (b"FUJIFILMCCD-RAW 0201FF" + bytes(99), "raw photograph (RAF)"),
    "orf": (b"IIRO\x08\0\0\0" + bytes(99), "raw photograph (ORF)"),
    "rw2": (b"IIU\0\x18\0\0\0" + bytes(99), "raw photograph (RW2)"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
    "psd": (b"8BPS\0\1" + bytes(40), "Photoshop"),
    "xcf": (b"gimp xcf v011\0" + bytes(40), "GIMP"),
    "ico": (b"\0\0\1\0\1\0" + bytes(40), "icon"),
    "fits": (b"SIMPLE  =                    T" + b" " * 99, "FITS"),
    "dcm": (bytes(128) + b"DICM" + bytes(40), "DICOM"),
    "svg": (SVG, "SVG"),
    "svg with a prologue": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made by hand -->\n' + SVG, "SVG"),
    "svg in UTF-16": (('<?xml version="1.0" encoding="utf-16"?>' + SVG.decode()).encode("utf-16"), "SVG"),
    "page": (b"\n\n<!DOCTYPE html>\n<html><head><title>404</title></head></html>", "web page"),
    "page without a type": (b"<HTML><BODY>Not found</BODY></HTML>", "web page"),
    "page with a picture": (b"<!doctype html><html><body>" + SVG + b"</body></html>", "web page"),
    "xml": (b'<?xml version="1.0"?><note/>', "XML"),
    "zip": (zipped(), "zip"),
    "gzip": (gzip.compress(b"P5 1 1 255 a"), "gzip"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_message_names_it_and_the_way_out(name):
    content, what = FILES[name]
    with pytest.raises(imgconv.ImgconvError) as refused:
        imgconv.read(content, name="picture.jpg")
    said = str(refused.value)
    assert what in said
    assert said.startswith("picture.jpg: this is ")
    assert len(said) < 200 and "\n" not in said


@pytest.mark.parametrize("content", [b"hello, world", b"\x01\x02\x03", b"<svgx", b"ftyp", bytes(200)])
def test_what_is_not_known_gets_the_formats_that_are_read(content):
    with pytest.raises(imgconv.ImgconvError, match="of a format that is read here: PNG, JPEG"):
        imgconv.read(content)


@pytest.mark.parametrize("address", ["https://example.org/a.png", "http://example.org", "ftp://host/a.tif", "s3://b/k"])
def test_an_address_is_said_to_be_one(address):
    with pytest.raises(imgconv.ImgconvError, match=r"this is an address, .*curl"):
        imgconv.read(address)
