// BouncyCastle's org.bouncycastle.tsp: asks, validates the reply, the token and its certificates;
// arguments and output as in lib.sh.

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStoreBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.tsp.TSPException;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampToken;

public class BouncyCastle {
	interface Test {
		void run() throws Exception;
	}

	static String url;
	static X509Certificate root;
	static byte[] data;

	static void check(String what, Test test) {
		try {
			test.run();
			System.out.println("PASS " + what);
		} catch (Exception e) {
			System.out.println("FAIL " + what + ": " + e.toString().replace('\n', ' '));
		}
	}

	static void must(boolean is, String text) throws TSPException {
		if (!is)
			throw new TSPException(text);
	}

	static TimeStampRequestGenerator asks() {
		TimeStampRequestGenerator generator = new TimeStampRequestGenerator();
		generator.setCertReq(true);
		return generator;
	}

	static TimeStampRequest request(TimeStampRequestGenerator generator, ASN1ObjectIdentifier digest,
			String name) throws Exception {
		return generator.generate(digest, MessageDigest.getInstance(name).digest(data),
			new BigInteger(128, new SecureRandom()));
	}

	static TimeStampResponse post(TimeStampRequest request, boolean chunked) throws Exception {
		HttpURLConnection http = (HttpURLConnection) new URL(url).openConnection();

		http.setDoOutput(true);
		http.setRequestProperty("Content-Type", "application/timestamp-query");
		if (chunked)
			http.setChunkedStreamingMode(16);
		try (OutputStream out = http.getOutputStream()) {
			out.write(request.getEncoded());
		}
		if (http.getResponseCode() != 200)
			throw new IOException("HTTP " + http.getResponseCode());
		must("application/timestamp-reply".equals(http.getContentType()), http.getContentType());
		try (InputStream in = http.getInputStream()) {
			return new TimeStampResponse(in.readAllBytes());
		}
	}

	// RFC 3161 2.2 as BouncyCastle does it, then the chain at the token's time.
	@SuppressWarnings("unchecked") // Store and Selector are raw types there
	static TimeStampToken verify(TimeStampRequest request, TimeStampResponse response)
			throws Exception {
		response.validate(request);
		TimeStampToken token = response.getTimeStampToken();
		must(token != null, "no token: status " + response.getStatus());
		X509CertificateHolder holder = (X509CertificateHolder) token.getCertificates()
			.getMatches(token.getSID()).iterator().next();
		token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder));
		chain(token, new JcaX509CertificateConverter().getCertificate(holder));
		return token;
	}

	static void chain(TimeStampToken token, X509Certificate signer) throws Exception {
		CertStore store = new JcaCertStoreBuilder().addCertificates(token.getCertificates()).build();
		X509CertSelector target = new X509CertSelector();
		target.setCertificate(signer);
		PKIXBuilderParameters parameters = new PKIXBuilderParameters(
			Set.of(new TrustAnchor(root, null)), target);
		Date genTime = token.getTimeStampInfo().getGenTime();
		parameters.addCertStore(store);
		parameters.setRevocationEnabled(false);
		parameters.setDate(genTime);
		CertPathBuilder.getInstance("PKIX", "BC").build(parameters);
	}

	static void stamps(ASN1ObjectIdentifier digest, String name, boolean chunked) throws Exception {
		TimeStampRequest request = request(asks(), digest, name);
		verify(request, post(request, chunked));
	}

	static void policy(String policy) throws Exception {
		TimeStampRequestGenerator generator = asks();
		generator.setReqPolicy(new ASN1ObjectIdentifier(policy));
		TimeStampRequest request = request(generator, NISTObjectIdentifiers.id_sha256, "SHA-256");
		TimeStampToken token = verify(request, post(request, false));
		must(token.getTimeStampInfo().getPolicy().getId().equals(policy), "another policy");
	}

	static void answersAnother() throws Exception {
		TimeStampRequest request = request(asks(), NISTObjectIdentifiers.id_sha256, "SHA-256");
		TimeStampResponse response = post(request, false);
		try {
			response.validate(request(asks(), NISTObjectIdentifiers.id_sha256, "SHA-256"));
		} catch (TSPException e) {
			return;
		}
		throw new TSPException("was accepted");
	}

	static void sha1IsRefused() throws Exception {
		TimeStampRequest request = request(asks(), OIWObjectIdentifiers.idSHA1, "SHA-1");
		TimeStampResponse response = post(request, false);
		response.validate(request);
		PKIFailureInfo info = response.getFailInfo();
		must(response.getStatus() == 2, "status " + response.getStatus());
		must(info != null && info.intValue() == PKIFailureInfo.badAlg, "failInfo " + info);
		must(response.getStatusString().contains("1.3.14.3.2.26 is not accepted"),
			response.getStatusString());
	}

	public static void main(String[] args) throws Exception {
		url = args[0];
		Security.addProvider(new BouncyCastleProvider());
		try (InputStream in = Files.newInputStream(Path.of(args[1], "root.pem"))) {
			root = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
		}
		data = Files.readAllBytes(Path.of("doc.pdf"));
		String policy = Files.readString(Path.of(args[1], "policy")).trim();

		System.out.println("CLIENT BouncyCastle "
			+ TimeStampRequest.class.getPackage().getImplementationVersion());
		check("SHA-256, validated", () -> stamps(NISTObjectIdentifiers.id_sha256, "SHA-256", false));
		check("SHA-384, validated", () -> stamps(NISTObjectIdentifiers.id_sha384, "SHA-384", false));
		check("SHA-512, validated", () -> stamps(NISTObjectIdentifiers.id_sha512, "SHA-512", false));
		check("chunked body", () -> stamps(NISTObjectIdentifiers.id_sha256, "SHA-256", true));
		check("policy asked for", () -> policy(policy));
		check("the answer to another request is refused", BouncyCastle::answersAnother);
		check("SHA-1: badAlg is reported", BouncyCastle::sha1IsRefused);
	}
}
