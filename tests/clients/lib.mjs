// What the JavaScript clients share: arguments and output as in lib.sh.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

export const [url, anchors, signer] = process.argv.slice(2);
export const document = readFileSync("doc.pdf");
export const p12 = () => readFileSync(`${signer}/signer.p12`);
export const password = () => readFileSync(`${signer}/password`, "utf8");

export function client(name) {
  console.log(`CLIENT ${name} ${versionOf(name)}, Node.js ${process.versions.node}`);
}

// Some packages do not let their package.json be asked for by name.
function versionOf(name) {
  const folder = createRequire(import.meta.url).resolve.paths(name)[0];
  return JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")).version;
}

export async function check(what, test) {
  try {
    await test();
    console.log(`PASS ${what}`);
  } catch (error) {
    console.log(`FAIL ${what}: ${String(error?.stack ?? error).replace(/\s+/g, " ").slice(0, 600)}`);
  }
}

export function must(is, text) {
  if (!is) throw new Error(text);
}

// The client fails and its error, with the errors beneath it, says this.
export async function reports(what, pattern, test) {
  await check(what, async () => {
    let said;
    try {
      await test();
    } catch (error) {
      said = [];
      for (let e = error; e; e = e.cause) said.push(String(e.message ?? e));
    }
    must(said, "was granted");
    must(pattern.test(said.join("; ")), `says ${said.join("; ")}`);
  });
}

// PEM file to DER of its certificates.
export function certificates(file) {
  const pem = readFileSync(file, "utf8");
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map((m) =>
    Buffer.from(m[1], "base64"));
}

// openssl verifies what clients that have no verifier wrote: a token ...
export function tokenVerifies(token, data) {
  writeFileSync("token.der", token);
  writeFileSync("token.data", data);
  execFileSync("openssl", ["ts", "-verify", "-token_in", "-in", "token.der", "-data", "token.data",
    "-CAfile", `${anchors}/root.pem`], { stdio: "pipe" });
}

// ... and the signer's signature.
export function signatureVerifies(cms, data) {
  writeFileSync("cms.der", cms);
  writeFileSync("cms.data", data);
  execFileSync("openssl", ["cms", "-verify", "-inform", "DER", "-in", "cms.der", "-binary",
    "-content", "cms.data", "-purpose", "any", "-CAfile", `${signer}/root.pem`, "-out", "/dev/null"],
    { stdio: "pipe" });
}
