// iText 2.1.7: a PDF signature with a time-stamp.  It asks for SHA-1 and nothing else, which a TSA of
// today refuses; the client must say so.  Arguments and output as in lib.sh.

import com.lowagie.text.Document;
import com.lowagie.text.pdf.PdfPKCS7;
import com.lowagie.text.pdf.TSAClientBouncyCastle;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.util.Calendar;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

public class IText {
	// iText names the failInfo of a refusal by its number: badAlg is bit 0 (RFC 3161 2.4.2), 128.
	static final String BAD_ALG = "code 128";

	// The CMS of a PDF signature over data, as PdfStamper's callers make it.
	static byte[] sign(String url, Path signer, byte[] data) throws Exception {
		char[] password = Files.readString(signer.resolve("password")).toCharArray();
		KeyStore store = KeyStore.getInstance("PKCS12");
		try (InputStream in = Files.newInputStream(signer.resolve("signer.p12"))) {
			store.load(in, password);
		}
		PrivateKey key = (PrivateKey) store.getKey("signer", password);
		Certificate[] chain = store.getCertificateChain("signer");
		byte[] digest = MessageDigest.getInstance("SHA-256").digest(data);
		PdfPKCS7 pkcs7 = new PdfPKCS7(key, chain, null, "SHA-256", null, false);
		Calendar now = Calendar.getInstance();
		byte[] attributes = pkcs7.getAuthenticatedAttributeBytes(digest, now, null);
		pkcs7.update(attributes, 0, attributes.length);
		return pkcs7.getEncodedPKCS7(digest, now,
			url == null ? null : new TSAClientBouncyCastle(url), null);
	}

	public static void main(String[] args) throws Exception {
		byte[] data = Files.readAllBytes(Path.of("doc.pdf"));
		Path signer = Path.of(args[2]);

		Security.addProvider(new BouncyCastleProvider());
		System.out.println("CLIENT " + Document.getVersion());
		// Without a time-stamp it signs: what fails below is the time-stamp.
		System.out.println(sign(null, signer, data).length > 0
			? "PASS signs without a time-stamp" : "FAIL signs without a time-stamp: nothing");
		try {
			sign(args[0], signer, data);
			System.out.println("FAIL SHA-1: badAlg is reported: was granted");
		} catch (Exception e) {
			StringBuilder said = new StringBuilder();
			for (Throwable t = e; t != null; t = t.getCause())
				said.append(t).append("; ");
			System.out.println((said.toString().contains(BAD_ALG) ? "PASS SHA-1: badAlg is reported"
				: "FAIL SHA-1: badAlg is reported: " + said).replace('\n', ' '));
		}
	}
}
