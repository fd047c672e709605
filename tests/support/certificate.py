"""Self-signed certificates for localhost; each is its own authority."""
import os
import subprocess


def make(folder, name="localhost", stem="server"):
    """Writes STEM.crt and STEM.key (ECDSA P-256) and gives both paths."""
    certificate = os.path.join(folder, stem + ".crt")
    key = os.path.join(folder, stem + ".key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "3650", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(key, 0o600)
    return certificate, key


EXPIRED = """[ca]
default_ca=here
[here]
new_certs_dir=.
database=index
serial=serial
default_md=sha256
policy=any
x509_extensions=names
[any]
commonName=supplied
[names]
subjectAltName=DNS:localhost,IP:127.0.0.1
"""


def make_expired(folder, stem):
    """As make, but the certificate's time ran out long ago."""
    certificate, key = make(folder, stem=stem)
    request = certificate + ".request"
    files = {"ca.conf": EXPIRED, "index": "", "serial": "01\n"}
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    for command in (
            ["req", "-new", "-key", key, "-subj", "/CN=localhost", "-out", request],
            ["ca", "-batch", "-selfsign", "-config", "ca.conf", "-keyfile", key, "-in", request,
             "-out", certificate, "-notext", "-startdate", "20200101000000Z", "-enddate",
             "20200201000000Z"]):
        subprocess.run(["openssl", *command], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return certificate, key
