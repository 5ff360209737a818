// zgapdfsigner: PDF signature with a time-stamp, document time-stamp.  Its request says certReq
// TRUE as 01 01 31, which is BER.  It has no verifier of its own.
import Zga from "zgapdfsigner";
import { check, client, document, p12, password, reports, url } from "./lib.mjs";
import { documentTimeStampVerifies, only, signatures, stampedSignatureVerifies } from "./pdf.mjs";

async function write(options) {
  const bytes = await new Zga.PdfSigner(options).sign(Uint8Array.from(document));
  return only(signatures(Buffer.from(bytes)));
}

async function sign(tsa) {
  return write({ p12cert: Uint8Array.from(p12()), pwd: password(), signdate: { url: tsa } });
}

client("zgapdfsigner");
await check("signature with a time-stamp, verified", async () =>
  stampedSignatureVerifies(await sign(url)));
await check("document time-stamp, verified", async () =>
  documentTimeStampVerifies(await write({ signdate: { url } })));
await reports("no TSA there: is reported", /Fetch failed\.404/, async () => sign(`${url}/none`));
