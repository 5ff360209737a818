import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSData;
import org.bouncycastle.tsp.ers.ERSDataGroup;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;
import org.bouncycastle.util.encoders.Hex;

/**
 * The verdict of BouncyCastle on the cases of walk.py: the record is read, its last token verified
 * with the certificate in it, and the object, or the exact group, looked for. Each case is printed
 * with "yes", or "no" and why, behind it.
 */
public final class Bouncy {
	private static final String PROVIDER = BouncyCastleProvider.PROVIDER_NAME;

	private static ERSData dataOf(String path) throws IOException {
		return new ERSByteData(Files.readAllBytes(Path.of(path)));
	}

	private static void lookFor(ERSEvidenceRecord record, String[] objects, Date now)
		throws Exception {
		if (objects.length == 1 && objects[0].indexOf(':') >= 0) {
			/* Several digests of one object: that of the last chain decides here. */
			String[] digests = objects[0].split(",");

			record.validatePresent(false,
				Hex.decode(digests[digests.length - 1].split(":")[1]), now);
		} else if (objects.length == 1) {
			record.validatePresent(dataOf(objects[0]), now);
		} else {
			List<ERSData> all = new ArrayList<>();

			for (String object : objects)
				all.add(dataOf(object));
			record.validatePresent(new ERSDataGroup(all), now);
		}
	}

	private static String judge(String path, String[] objects) {
		try {
			DigestCalculatorProvider digests =
				new JcaDigestCalculatorProviderBuilder().setProvider(PROVIDER).build();
			ERSEvidenceRecord record =
				new ERSEvidenceRecord(Files.readAllBytes(Path.of(path)), digests);
			X509CertificateHolder signer = record.getSigningCertificate();

			if (signer == null)
				return "no\tthe last token has no certificate";
			record.validate(new JcaSimpleSignerInfoVerifierBuilder()
						.setProvider(PROVIDER)
						.build(signer));
			lookFor(record, objects, new Date());
			return "yes";
		} catch (Exception e) {
			return "no\t" + String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
		}
	}

	public static void main(String[] args) throws IOException {
		BufferedReader in = new BufferedReader(
			new InputStreamReader(System.in, StandardCharsets.UTF_8));

		Security.addProvider(new BouncyCastleProvider());
		for (String line; (line = in.readLine()) != null;) {
			String[] field = line.split("\t");

			System.out.println(String.join("\t", field[0], field[1], field[2],
				judge(field[0], field[2].split(" "))));
		}
	}
}
