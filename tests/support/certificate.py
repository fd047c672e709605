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
