// pkijs: request, reply and its verification.
import * as asn1js from "asn1js";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import * as pkijs from "pkijs";
import { anchors, certificates, check, client, document, must, reports, url } from "./lib.mjs";

pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: webcrypto }));
const trusted = certificates(`${anchors}/root.pem`).map((der) => pkijs.Certificate.fromBER(der));

async function request(hash, options = {}) {
  const nonce = webcrypto.getRandomValues(new Uint8Array(10));
  nonce[0] = (nonce[0] & 0x7f) | 0x40;
  return new pkijs.TimeStampReq({
    version: 1,
    certReq: true,
    nonce: new asn1js.Integer({ valueHex: nonce.buffer }),
    messageImprint: new pkijs.MessageImprint({
      hashAlgorithm: new pkijs.AlgorithmIdentifier({
        algorithmId: pkijs.getOIDByAlgorithm({ name: hash }),
        algorithmParams: new asn1js.Null(),
      }),
      hashedMessage: new asn1js.OctetString({
        valueHex: await webcrypto.subtle.digest(hash, document),
      }),
    }),
    ...options,
  });
}

async function ask(req) {
  const reply = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/timestamp-query" },
    body: Buffer.from(req.toSchema().toBER()),
  });
  must(reply.status === 200, `HTTP ${reply.status}`);
  const resp = pkijs.TimeStampResp.fromBER(await reply.arrayBuffer());
  if (resp.status.status !== pkijs.PKIStatus.granted) {
    throw new Error(`status ${resp.status.status}, ` +
      `failInfo ${Buffer.from(resp.status.failInfo.valueBlock.valueHexView).toString("hex")}, ` +
      resp.status.statusStrings?.map((s) => s.valueBlock.value).join(" "));
  }
  return resp;
}

function info(resp) {
  const signed = new pkijs.SignedData({ schema: resp.timeStampToken.content });
  return pkijs.TSTInfo.fromBER(signed.encapContentInfo.eContent.getValue());
}

async function verifies(resp, data = document) {
  const bytes = Uint8Array.from(data).buffer;
  return resp.verify({ signer: 0, trustedCerts: trusted, data: bytes });
}

client("pkijs");
for (const hash of ["SHA-256", "SHA-384", "SHA-512"]) {
  await check(`${hash}, verified`, async () => {
    const req = await request(hash);
    const resp = await ask(req);
    must(await verifies(resp), "verify says no");
    must(info(resp).nonce.isEqual(req.nonce), "nonce differs");
  });
}
await check("policy asked for", async () => {
  const policy = readFileSync(`${anchors}/policy`, "utf8").trim();
  const resp = await ask(await request("SHA-256", { reqPolicy: policy }));
  must(await verifies(resp), "verify says no");
  must(info(resp).policy === policy, `policy ${info(resp).policy}`);
});
await check("other data does not verify", async () => {
  const resp = await ask(await request("SHA-256"));
  let accepted = false;
  try {
    accepted = await verifies(resp, Buffer.from("other"));
  } catch {
    return;
  }
  must(!accepted, "it does");
});
await reports("SHA-1: badAlg is reported", /status 2, failInfo 80, .*1\.3\.14\.3\.2\.26/, async () =>
  ask(await request("SHA-1")));
