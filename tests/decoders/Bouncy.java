import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAlgorithmProtection;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.Time;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.tsp.TSTInfo;
import org.bouncycastle.asn1.tsp.TimeStampReq;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampToken;
import org.bouncycastle.tsp.TimeStampTokenInfo;
import org.bouncycastle.util.Store;

/**
 * The verdict of BouncyCastle on cases from standard input, one JVM for all of them: validate() of
 * response and token (nonce, imprint, policy; ESSCertIDv2, extendedKeyUsage, signature), the chain
 * at genTime, and the same bytes again when what was read is encoded as DER. Fields and verdicts
 * are those of case.h.
 */
public final class Bouncy {
	private static final String PROVIDER = BouncyCastleProvider.PROVIDER_NAME;
	private static final ASN1ObjectIdentifier QC_STATEMENT =
		new ASN1ObjectIdentifier("0.4.0.19422.1.1");

	/** One line of the list. */
	private record Case(String name, String query, String answer, String root, String chain,
		Set<String> wants, String kind) {
		static Case of(String line) {
			String[] field = line.split("\t", -1);
			if (field.length != 7)
				throw new IllegalArgumentException("a case must have 7 fields: " + line);
			return new Case(field[0], field[1], field[2], field[3], field[4],
				new HashSet<>(Arrays.asList(field[5].split(" "))), field[6]);
		}

		/** The failInfo that is wanted; -1: a token is. */
		int failure() {
			for (String word : wants)
				if (word.startsWith("refused:"))
					return Integer.parseInt(word.substring("refused:".length()));
			return -1;
		}
	}

	/** What is wrong with an answer. */
	private static final class Wrong extends Exception {
		private static final long serialVersionUID = 1L;

		Wrong(String why) {
			super(why);
		}
	}

	private static void must(boolean holds, String rule) throws Wrong {
		if (!holds)
			throw new Wrong(rule);
	}

	private static List<X509CertificateHolder> pem(String file) throws IOException {
		List<X509CertificateHolder> all = new ArrayList<>();
		try (PEMParser parser = new PEMParser(Files.newBufferedReader(Path.of(file)))) {
			for (Object o = parser.readObject(); o != null; o = parser.readObject())
				all.add((X509CertificateHolder) o);
		}
		return all;
	}

	/** DER of what was decoded, and DER of the parts that octet strings and attributes hold. */
	private static void sameAgain(byte[] der) throws IOException, Wrong {
		must(Arrays.equals(der, ASN1Primitive.fromByteArray(der).getEncoded(ASN1Encoding.DER)),
			"encodes to other bytes");
	}

	private static X509Certificate convert(X509CertificateHolder holder) throws Exception {
		CertificateFactory factory = CertificateFactory.getInstance("X.509", PROVIDER);
		return (X509Certificate) factory.generateCertificate(
			new ByteArrayInputStream(holder.getEncoded()));
	}

	private static X509CertificateHolder signerOf(TimeStampToken token,
		List<X509CertificateHolder> known) throws Wrong {
		for (X509CertificateHolder one : known)
			if (token.getSID().match(one))
				return one;
		throw new Wrong("sid: names none of " + known.size() + " certificates");
	}

	private static void checkChain(Case c, X509CertificateHolder signer,
		List<X509CertificateHolder> known, TimeStampTokenInfo info) throws Exception {
		List<X509Certificate> path = new ArrayList<>();
		X509Certificate root = convert(pem(c.root).get(0));
		X509CertificateHolder at = signer;
		for (int depth = 0; at != null && depth < 8; depth++) {
			X509CertificateHolder issuer = null;
			path.add(convert(at));
			for (X509CertificateHolder one : known)
				if (!one.equals(at) && one.getSubject().equals(at.getIssuer()) &&
					!one.getSubject().equals(one.getIssuer()))
					issuer = one;
			at = issuer;
		}
		PKIXParameters parameters =
			new PKIXParameters(Collections.singleton(new TrustAnchor(root, null)));
		parameters.setRevocationEnabled(false);
		parameters.setDate(info.getGenTime());
		CertPath certPath =
			CertificateFactory.getInstance("X.509", PROVIDER).generateCertPath(path);
		CertPathValidator.getInstance("PKIX", PROVIDER).validate(certPath, parameters);
	}

	private static void checkInfo(Case c, TSTInfo info, TimeStampReq request,
		X509CertificateHolder signer) throws Exception {
		byte[] imprint = request.getMessageImprint().getEncoded(ASN1Encoding.DER);
		must(Arrays.equals(imprint, info.getMessageImprint().getEncoded(ASN1Encoding.DER)),
			"P-16: messageImprint as asked, byte for byte");
		must(request.getNonce() == null ? info.getNonce() == null
						: request.getNonce().equals(info.getNonce()),
			"P-09: nonce as asked");
		must(info.getAccuracy() != null && !info.getOrdering().isTrue(),
			"T-02: accuracy is there, ordering is not");
		GeneralName name = info.getTsa();
		must((name != null) == c.wants.contains("tsa"), "P-21: tsa is there, or is not");
		if (name != null)
			must(name.getTagNo() == GeneralName.directoryName &&
					Arrays.equals(name.getName().toASN1Primitive().getEncoded(),
						signer.getSubject().getEncoded()),
				"P-21: tsa is the certificate's subject, byte for byte");
		Extensions extensions = info.getExtensions();
		must((extensions != null) == c.wants.contains("qualified"),
			"T-05: extensions are there, or are not");
		if (extensions != null) {
			Extension qc = extensions.getExtension(Extension.qCStatements);
			must(extensions.getExtensionOIDs().length == 1 && qc != null && !qc.isCritical(),
				"T-05: one extension, qcStatements, not critical");
			must(Arrays.equals(qc.getExtnValue().getOctets(),
					new DERSequence(
						new DERSequence(QC_STATEMENT))
						.getEncoded()),
				"T-05: esi4-qtstStatement-1 alone");
		}
		String time = new String(info.getGenTime().getEncoded(), 2,
			info.getGenTime().getEncoded().length - 2, StandardCharsets.US_ASCII);
		int most = c.wants.contains("digits0") ? 0 : c.wants.contains("digits3") ? 3 : 6;
		must(time.matches("[0-9]{14}(\\.[0-9]{0," + Math.max(most - 1, 0) + "}[1-9])?Z") &&
				(most > 0 || time.length() == 15),
			"P-18: genTime is " + time);
	}

	private static void checkAttributes(Case c, SignerInformation signer, TSTInfo info)
		throws Exception {
		AttributeTable table = signer.getSignedAttributes();
		Set<String> wanted = new TreeSet<>(List.of(CMSAttributes.contentType.getId(),
			CMSAttributes.messageDigest.getId(),
			PKCSObjectIdentifiers.id_aa_signingCertificateV2.getId()));
		Set<String> found = new TreeSet<>();
		if (c.wants.contains("time"))
			wanted.add(CMSAttributes.signingTime.getId());
		if (c.wants.contains("protection"))
			wanted.add(CMSAttributes.cmsAlgorithmProtect.getId());
		for (Attribute one : table.toASN1Structure().getAttributes()) {
			must(found.add(one.getAttrType().getId()), "an attribute is there twice");
			must(one.getAttrValues().size() == 1, "an attribute has not one value");
		}
		must(wanted.equals(found), "signed attributes are " + found);
		if (c.wants.contains("time"))
			must(Time.getInstance(value(table, CMSAttributes.signingTime)).getDate().getTime() ==
					info.getGenTime().getDate().getTime() / 1000 * 1000,
				"1.3: signingTime is genTime cut to the second");
		if (c.wants.contains("protection")) {
			CMSAlgorithmProtection protection = CMSAlgorithmProtection.getInstance(
				value(table, CMSAttributes.cmsAlgorithmProtect));
			must(protection.getDigestAlgorithm().equals(signer.getDigestAlgorithmID()) &&
					protection.getSignatureAlgorithm().equals(
						signer.toASN1Structure().getDigestEncryptionAlgorithm()),
				"P-25: CMSAlgorithmProtection repeats both algorithms");
		}
		must(signer.getUnsignedAttributes() == null, "an unsigned attribute");
	}

	private static ASN1Encodable value(AttributeTable table, ASN1ObjectIdentifier type) {
		return table.get(type).getAttrValues().getObjectAt(0);
	}

	/** What the token brings with it, and whether that is what was asked for. */
	private static List<X509CertificateHolder> certificates(Case c, TimeStampToken token)
		throws IOException, Wrong {
		Store<X509CertificateHolder> store = token.getCertificates();
		Collection<X509CertificateHolder> all = store.getMatches(null);
		boolean root = all.contains(pem(c.root).get(0));
		must(c.wants.contains("cert") ? all.size() >= 2 : all.isEmpty(),
			"P-10: " + all.size() + " certificates");
		must(root == (c.wants.contains("root") && c.wants.contains("cert")),
			"1.3: the root is there, or is not");
		must(token.getAttributeCertificates().getMatches(null).isEmpty() &&
				token.getCRLs().getMatches(null).isEmpty(),
			"1.3: certificates only");
		return c.wants.contains("cert") ? new ArrayList<>(all) : pem(c.chain);
	}

	private static void verifyToken(Case c, byte[] der) throws Exception {
		byte[] query = Files.readAllBytes(Path.of(c.query));
		TimeStampRequest request = new TimeStampRequest(query);
		TimeStampResponse response = new TimeStampResponse(der);
		must(response.getStatus() == 0 && response.getFailInfo() == null &&
				response.getStatusString() == null,
			"P-11: status 0 and nothing beside it");
		response.validate(request);
		TimeStampToken token = response.getTimeStampToken();
		byte[] content = (byte[]) token.toCMSSignedData().getSignedContent().getContent();
		sameAgain(content);
		must(Arrays.equals(der, response.getEncoded(ASN1Encoding.DL)),
			"the response encodes to other bytes");
		TSTInfo info = TSTInfo.getInstance(content);
		List<X509CertificateHolder> known = certificates(c, token);
		X509CertificateHolder signer = signerOf(token, known);
		must(token.toCMSSignedData().getVersion() == 3 &&
				token.toCMSSignedData().getSignerInfos().size() == 1,
			"P-14, P-24: SignedData v3 with one SignerInfo");
		token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider(PROVIDER).build(signer));
		checkInfo(c, info, TimeStampReq.getInstance(query), signer);
		checkAttributes(c, token.toCMSSignedData().getSignerInfos().getSigners().iterator().next(),
			info);
		checkChain(c, signer, known, token.getTimeStampInfo());
	}

	private static void verifyRefusal(Case c, byte[] der) throws Exception {
		TimeStampResponse response = new TimeStampResponse(der);
		PKIFailureInfo info = response.getFailInfo();
		must(response.getStatus() == 2 && response.getTimeStampToken() == null,
			"P-11: status 2 and no token");
		must(info != null && info.getPadBits() == 7 - c.failure() % 8 &&
				info.getBytes().length == c.failure() / 8 + 1,
			"P-12: failInfo is a named bit list");
		for (int bit = 0; bit < info.getBytes().length * 8; bit++)
			must(((info.getBytes()[bit / 8] >> (7 - bit % 8) & 1) == 1) == (bit == c.failure()),
				"P-12: failInfo: bit " + bit);
		must(response.getStatusString() != null && !response.getStatusString().isEmpty(),
			"P-12: a text");
	}

	private static String verdict(Case c) {
		try {
			byte[] der = Files.readAllBytes(Path.of(c.answer));
			sameAgain(der);
			if (c.failure() >= 0)
				verifyRefusal(c, der);
			else
				verifyToken(c, der);
			return "yes";
		} catch (Exception e) {
			return "no\t" + e.toString().replaceAll("\\s+", " ");
		}
	}

	private Bouncy() {
	}

	public static void main(String[] args) throws IOException {
		Security.addProvider(new BouncyCastleProvider());
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
		PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			Case c = Case.of(line);
			out.println(c.name + "\t" + c.kind + "\t" + verdict(c));
		}
		out.flush();
	}
}
