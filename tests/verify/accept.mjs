// What pkijs says of time-stamps: SignedData.verify() with the roots of argument 1 as trusted and the certificates of
// argument 2 beside those in the token, its chain and the data's digest included.  Standard input: a token and its
// data ("-" for none) a line, separated by a tab; standard output: "accepted" or the reason.
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import * as pkijs from "pkijs";

pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: webcrypto }));

function certificates(path) {
  const found = [];
  for (const block of readFileSync(path, "ascii").matchAll(/-----BEGIN CERTIFICATE-----([^-]*)/g)) {
    try {
      found.push(pkijs.Certificate.fromBER(Uint8Array.from(Buffer.from(block[1], "base64")).buffer));
    } catch {
      // What pkijs cannot read it cannot use.
    }
  }
  return found;
}

function read(path) {
  const octets = Uint8Array.from(readFileSync(path)).buffer;
  try {
    const content = pkijs.ContentInfo.fromBER(octets);
    return new pkijs.SignedData({ schema: content.content });
  } catch {
    const response = pkijs.TimeStampResp.fromBER(octets);
    return new pkijs.SignedData({ schema: response.timeStampToken.content });
  }
}

const trusted = certificates(process.argv[2]);
const others = certificates(process.argv[3]);

async function judge(token, data) {
  const signed = read(token);
  signed.certificates = [...(signed.certificates ?? []), ...others];
  const wants = { signer: 0, trustedCerts: trusted, checkChain: true };
  if (data !== "-") wants.data = Uint8Array.from(readFileSync(data)).buffer;
  else {
    const info = pkijs.TSTInfo.fromBER(signed.encapContentInfo.eContent.getValue());
    wants.checkDate = info.genTime;
    // Without data the imprint cannot be asked about: the signature over TSTInfo and the chain are.
    signed.encapContentInfo.eContentType = "1.2.840.113549.1.7.1";
  }
  return signed.verify(wants);
}

const lines = readFileSync(0, "utf8").split("\n").filter((line) => line !== "");
for (const line of lines) {
  try {
    console.log((await judge(...line.split("\t"))) ? "accepted" : "refused");
  } catch (error) {
    console.log(String(error.message ?? error).replace(/\s+/g, " "));
  }
}
