"""pyHanko: PDF signature with a time-stamp, document time-stamp, its own validation.

A refusal it cannot read: its decoder wants a token in every reply.
"""

from importlib import metadata
from io import BytesIO

from lib_python import ANCHORS, DATA, SIGNER, URL, check, must, refuses
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.timestamps import HTTPTimeStamper, TimestampRequestError
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext


def trust(folder):
    return ValidationContext(trust_roots=[load_cert_from_pemder(str(folder / "root.pem"))],
                             allow_fetching=True)


def sign(url):
    signer = signers.SimpleSigner.load_pkcs12(
        str(SIGNER / "signer.p12"), passphrase=(SIGNER / "password").read_bytes())
    return signers.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(DATA)),
        signers.PdfSignatureMetadata(field_name="Signature", md_algorithm="sha256"),
        signer=signer, timestamper=HTTPTimeStamper(url))


def signature():
    [found] = PdfFileReader(sign(URL)).embedded_signatures
    status = validate_pdf_signature(found, trust(SIGNER), trust(ANCHORS))
    stamp = status.timestamp_validity
    must(status.intact and status.valid, f"signature: {status.summary()}")
    must(stamp and stamp.valid and stamp.trusted, f"time-stamp: {status.pretty_print_details()}")


def document_time_stamp(digest):
    out = signers.PdfTimeStamper(HTTPTimeStamper(URL)).timestamp_pdf(
        IncrementalPdfFileWriter(BytesIO(DATA)), digest)
    [found] = PdfFileReader(out).embedded_timestamp_signatures
    status = validate_pdf_timestamp(found, trust(ANCHORS))
    must(status.intact and status.valid and status.trusted, status.summary())


print("CLIENT pyHanko", metadata.version("pyHanko"))
check("signature with a time-stamp, validated", signature)
for name in ("sha256", "sha384", "sha512"):
    check(f"document time-stamp {name}, validated", document_time_stamp, name)
check("no TSA there: is reported",
      lambda: refuses((TimestampRequestError, SigningError, IOError), sign, URL + "/none"))
