// @libpdf/core: PAdES B-T, B-LTA and a document time-stamp.  It has no verifier of its own.
import { HttpTimestampAuthority, P12Signer, PDF } from "@libpdf/core";
import { check, client, document, must, p12, password, reports, url } from "./lib.mjs";
import { documentTimeStampVerifies, only, signatures, stampedSignatureVerifies } from "./pdf.mjs";

const authority = new HttpTimestampAuthority(url);
const signer = await P12Signer.create(p12(), password());

async function sign(level) {
  const pdf = await PDF.load(document);
  return pdf.sign({ signer, level, timestampAuthority: authority });
}

client("@libpdf/core");
await check("B-T, verified", async () => {
  const { bytes } = await sign("B-T");
  stampedSignatureVerifies(only(signatures(bytes)));
});
await check("B-LTA: signature and archive time-stamp verified, CRLs of the TSA in it", async () => {
  const { bytes, warnings } = await sign("B-LTA");
  const found = signatures(bytes);
  must(found.length === 2, `${found.length} signatures`);
  stampedSignatureVerifies(found[0]);
  documentTimeStampVerifies(found[1]);
  const crls = Buffer.from(bytes).toString("latin1").match(/\/CRLs\s*\[([^\]]*)\]/)?.[1] ?? "";
  must(crls.split("R").length > 2, `CRLs: ${crls}; warnings: ${JSON.stringify(warnings)}`);
});
for (const digestAlgorithm of ["SHA-256", "SHA-384", "SHA-512"]) {
  await check(`document time-stamp ${digestAlgorithm}, verified`, async () => {
    const pdf = await PDF.load(document);
    const { bytes } = await pdf.addTimestamp({ timestampAuthority: authority, digestAlgorithm });
    documentTimeStampVerifies(only(signatures(bytes)));
  });
}
await reports("a digest cut short: badDataFormat is reported", /hashedMessage has 31 bytes/, async () =>
  authority.timestamp(new Uint8Array(31), "SHA-256"));
