// @f-o-t/e-signature: PDF signature with a time-stamp; asks without a nonce.  It has no verifier of
// its own, and goes on without a time-stamp unless told who hears of the error.
import { requestTimestamp, signPdf } from "@f-o-t/e-signature";
import { check, client, document, p12, password, reports, tokenVerifies, url } from "./lib.mjs";
import { only, signatures, stampedSignatureVerifies } from "./pdf.mjs";

async function sign(tsaUrl) {
  let failure;
  const bytes = await signPdf(Uint8Array.from(document), {
    certificate: { p12: Uint8Array.from(p12()), password: password() },
    timestamp: true,
    tsaUrl,
    onTimestampError: (error) => {
      failure = error;
    },
  });
  if (failure) throw failure;
  return only(signatures(Buffer.from(bytes)));
}

client("@f-o-t/e-signature");
await check("signature with a time-stamp, verified", async () =>
  stampedSignatureVerifies(await sign(url)));
for (const hash of ["sha256", "sha384", "sha512"]) {
  await check(`${hash}: token, verified`, async () =>
    tokenVerifies(Buffer.from(await requestTimestamp(document, url, hash)), document));
}
await reports("no TSA there: is reported", /\b404\b/, async () => sign(`${url}/none`));
