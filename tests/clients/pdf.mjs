// Signatures of a PDF, for the checks of PDF clients: what each covers, its CMS, the time-stamp token
// in it.  Only what the clients of this folder write is understood.
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { must, signatureVerifies, tokenVerifies } from "./lib.mjs";

const TIME_STAMP_TOKEN = "1.2.840.113549.1.9.16.2.14"; // RFC 3161 appendix A

// DER at the start of bytes, without the padding that a signature dictionary has behind it.
function derAtStart(bytes) {
  const { offset } = asn1js.fromBER(bytes);
  must(offset > 0, "no DER in /Contents");
  return bytes.subarray(0, offset);
}

// [{subFilter, covered, cms}], in the order in which they were written.
export function signatures(pdf) {
  const text = Buffer.from(pdf).toString("latin1");
  const found = [];

  for (const match of text.matchAll(/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g)) {
    const [a, alen, b, blen] = match.slice(1).map(Number);
    const hex = text.slice(a + alen, b).replace(/[<>\s]/g, "");
    const around = text.slice(text.lastIndexOf(" obj", match.index), text.indexOf("endobj", b));
    found.push({
      subFilter: around.match(/\/SubFilter\s*\/([A-Za-z0-9.]+)/)?.[1],
      covered: Buffer.concat([pdf.subarray(a, a + alen), pdf.subarray(b, b + blen)]),
      whole: b + blen,
      cms: derAtStart(Buffer.from(hex, "hex")),
    });
  }
  return found.sort((x, y) => x.whole - y.whole);
}

// The token over the signature value of this CMS: {token, data}.
function signatureTimeStamp(cms) {
  const content = pkijs.ContentInfo.fromBER(cms).content;
  const [info] = new pkijs.SignedData({ schema: content }).signerInfos;
  const attribute = info.unsignedAttrs?.attributes.find((a) => a.type === TIME_STAMP_TOKEN);

  must(attribute, "the signature has no time-stamp");
  return {
    token: Buffer.from(attribute.values[0].toBER()),
    data: Buffer.from(info.signature.valueBlock.valueHexView),
  };
}

// A signature of the document and the time-stamp on it.
export function stampedSignatureVerifies({ covered, cms }) {
  signatureVerifies(cms, covered);
  const { token, data } = signatureTimeStamp(cms);
  tokenVerifies(token, data);
}

export function documentTimeStampVerifies({ subFilter, covered, cms }) {
  must(subFilter === "ETSI.RFC3161", `SubFilter ${subFilter}`);
  tokenVerifies(cms, covered);
}

export function only(found) {
  must(found.length === 1, `${found.length} signatures`);
  return found[0];
}
