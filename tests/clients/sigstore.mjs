// @sigstore/sign TSAWitness, which asks in JSON, and @sigstore/verify: a message signed, a bundle with
// the time-stamp, verified with the TSA as the only source of time.  @sigstore/core reads a genTime
// with three digits of a second or none, but not the one or two that DER leaves of .250 or .500: many
// are verified, since of times cut plainly to milliseconds one in ten would end so.
import { toMessageSignatureBundle } from "@sigstore/bundle";
import { TSAWitness } from "@sigstore/sign";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { anchors, certificates, check, client, document, reports, url } from "./lib.mjs";

// TSAWitness itself adds /api/v1/timestamp to a URL without a path.
const base = new URL(url).pathname === "/" ? new URL(url).origin : url;
const HINT = "key";
const MANY = 40;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

async function stamped(tsaBaseURL) {
  const signature = sign("sha256", document, privateKey);
  const bundle = toMessageSignatureBundle({
    digest: createHash("sha256").update(document).digest(),
    signature,
    keyHint: HINT,
  });
  const witness = new TSAWitness({ tsaBaseURL, retry: 0, timeout: 30000 });
  const { rfc3161Timestamps } = await witness.testify({
    $case: "messageSignature",
    messageSignature: { signature },
  });
  bundle.verificationMaterial.timestampVerificationData = { rfc3161Timestamps };
  return { bundle, signature, reply: rfc3161Timestamps[0].signedTimestamp };
}

function verifier(chain) {
  const timestampAuthorities = [{
    uri: url,
    certChain: { certificates: chain.map((rawBytes) => ({ rawBytes })) },
  }];
  const root = { certificateAuthorities: [], timestampAuthorities, tlogs: [], ctlogs: [] };
  const keys = { [HINT]: { rawBytes: publicKey.export({ type: "spki", format: "der" }) } };
  return new Verifier(toTrustMaterial(root, keys),
    { ctlogThreshold: 0, tlogThreshold: 0, tsaThreshold: 1, timestampThreshold: 1 });
}

const chain = ["tsu.pem", "issuing.pem", "root.pem"].flatMap((f) => certificates(`${anchors}/${f}`));

client("@sigstore/sign");
await check("time-stamp in a bundle, verified by @sigstore/verify", async () => {
  const { bundle } = await stamped(base);
  verifier(chain).verify(toSignedEntity(bundle, document));
});
await check(`${MANY} time-stamps in a row are verified`, async () => {
  for (let i = 0; i < MANY; i++) {
    const { bundle } = await stamped(base);
    verifier(chain).verify(toSignedEntity(bundle, document));
  }
});
await check("the bundle does not verify with another signature's time-stamp", async () => {
  const { bundle } = await stamped(base);
  const other = await stamped(base);
  bundle.verificationMaterial.timestampVerificationData =
    other.bundle.verificationMaterial.timestampVerificationData;
  try {
    verifier(chain).verify(toSignedEntity(bundle, document));
  } catch {
    return;
  }
  throw new Error("it does");
});
await reports("an unknown path: is reported", /\(404\) Not Found/, async () => stamped(`${url}/none`));
