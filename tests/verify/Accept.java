import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampToken;

/**
 * What BouncyCastle says of time-stamps: TimeStampToken.validate() with the certificate that the
 * signer's identifier names, in the token or in the file of the first argument, and the imprint
 * against the data where there are any. It builds no chain, by design. Standard input: a token and
 * its data ("-" for none) a line, separated by a tab; standard output: "accepted" or the reason.
 */
public final class Accept {
	private Accept() {
	}

	private static TimeStampToken read(byte[] octets) throws Exception {
		try {
			return new TimeStampToken(new CMSSignedData(octets));
		} catch (Exception e) {
			TimeStampResponse response = new TimeStampResponse(octets);

			if (response.getTimeStampToken() == null) {
				throw e;
			}
			return response.getTimeStampToken();
		}
	}

	private static void add(Collection<X509CertificateHolder> found, TimeStampToken token, Object one) {
		if (one instanceof X509CertificateHolder holder && token.getSID().match(holder)) {
			found.add(holder);
		}
	}

	private static void judge(String token, String data, List<X509CertificateHolder> known)
		throws Exception {
		TimeStampToken read = read(Files.readAllBytes(Path.of(token)));
		Collection<X509CertificateHolder> found = new ArrayList<>();
		Exception last = new Exception("no certificate of the signer");

		for (Object one : read.getCertificates().getMatches(null)) {
			add(found, read, one);
		}
		for (X509CertificateHolder one : known) {
			add(found, read, one);
		}
		if (!data.equals("-")) {
			String digest = read.getTimeStampInfo().getMessageImprintAlgOID().getId();
			byte[] wanted = MessageDigest.getInstance(digest, new BouncyCastleProvider())
						.digest(Files.readAllBytes(Path.of(data)));

			if (!Arrays.equals(wanted, read.getTimeStampInfo().getMessageImprintDigest())) {
				throw new Exception("imprint of other data");
			}
		}
		for (X509CertificateHolder one : found) {
			try {
				read.validate(new JcaSimpleSignerInfoVerifierBuilder()
						.setProvider(new BouncyCastleProvider())
						.build(one));
				return;
			} catch (Exception e) {
				last = e;
			}
		}
		throw last;
	}

	public static void main(String[] args) throws Exception {
		List<X509CertificateHolder> known = new ArrayList<>();
		CertificateFactory factory = CertificateFactory.getInstance("X.509", new BouncyCastleProvider());
		BufferedReader in =
			new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

		for (Object one : factory.generateCertificates(Files.newInputStream(Path.of(args[0])))) {
			known.add(new JcaX509CertificateHolder((X509Certificate) one));
		}
		for (String line; (line = in.readLine()) != null;) {
			String[] parts = line.split("\t");

			try {
				judge(parts[0], parts[1], known);
				System.out.println("accepted");
			} catch (Exception e) {
				System.out.println(String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
			}
		}
	}
}
