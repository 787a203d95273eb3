"""The versions of what is compared, as the programs and the pinned files here say them."""

import os
import re
import subprocess

from .peers import ROOT, SOURCES


def versions():
    """By name; what can't be told is left out."""
    found = {
        "Weft": said(r"(.+)", "git", "-C", ROOT, "describe", "--always", "--dirty"),
        "C and C++ compiler": said(r"(.+)", "g++", "--version"),
        "nghttp2": package("libnghttp2"),
        "libevent": package("libevent"),
        "protobuf (C++)": package("protobuf"),
        "gRPC C++": package("grpc++"),
        "tonic": pinned(os.path.join("tonic", "Cargo.lock"), r'name = "tonic"\nversion = "([^"]+)"'),
        "Rust": said(r"rustc (\S+)", "rustc", "--version"),
        "grpc-go": pinned(os.path.join("grpc_go", "go.mod"), r"google\.golang\.org/grpc v(\S+)"),
        "Go": said(r"go version go(\S+)", "go", "version"),
        "h2load (nghttp2)": said(r"nghttp2/(\S+)", "h2load", "--version"),
    }
    return {name: version for name, version in found.items() if version}


def said(pattern, *command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    match = re.search(pattern, done.stdout) if done.returncode == 0 else None
    return match[1] if match else None


def package(name):
    return said(r"(\S+)", "pkg-config", "--modversion", name)


def pinned(path, pattern):
    with open(os.path.join(SOURCES, path)) as file:
        match = re.search(pattern, file.read())
    return match[1] if match else None
