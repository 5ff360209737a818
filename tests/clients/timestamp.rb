# Ruby's OpenSSL::Timestamp through Net::HTTP: asks, verifies; arguments and output as in lib.sh.
require "net/http"
require "openssl"
require "securerandom"

url, anchors, = ARGV
DATA_BYTES = File.binread("doc.pdf")

def check(what)
  yield
  puts "PASS #{what}"
rescue StandardError => e
  puts "FAIL #{what}: #{e.class}: #{e.message.tr("\n", " ")}"
end

def request(digest, policy: nil, certificates: true)
  req = OpenSSL::Timestamp::Request.new
  req.algorithm = digest
  req.message_imprint = OpenSSL::Digest.digest(digest, DATA_BYTES)
  req.nonce = SecureRandom.random_number(2**64)
  req.cert_requested = certificates
  req.policy_id = policy if policy
  req
end

def ask(url, req)
  http = Net::HTTP.post(URI(url), req.to_der, "Content-Type" => "application/timestamp-query")
  raise "HTTP #{http.code} #{http["Content-Type"]}" unless http.code == "200"
  OpenSSL::Timestamp::Response.new(http.body)
end

def certificates(file)
  OpenSSL::X509::Certificate.load_file(file)
end

store = OpenSSL::X509::Store.new
store.add_file("#{anchors}/root.pem")
policy = File.read("#{anchors}/policy").strip

puts "CLIENT Ruby #{RUBY_VERSION}, openssl #{OpenSSL::VERSION}"
%w[SHA256 SHA384 SHA512].each do |digest|
  check("#{digest}, verified") do
    req = request(digest)
    ask(url, req).verify(req, store)
  end
end
check("policy asked for") do
  req = request("SHA256", policy: policy)
  res = ask(url, req)
  res.verify(req, store)
  raise "policy is #{res.token_info.policy_id}" unless res.token_info.policy_id == policy
end
check("no certificates, verified with those at hand") do
  req = request("SHA256", certificates: false)
  res = ask(url, req)
  raise "certificates came" if res.tsa_certificate
  res.verify(req, store, certificates("#{anchors}/tsu-and-issuing.pem"))
end
check("the answer to another request does not verify") do
  res = ask(url, request("SHA256"))
  begin
    res.verify(request("SHA256"), store)
  rescue OpenSSL::Timestamp::TimestampError
    next
  end
  raise "it did"
end
check("SHA-1: badAlg is reported") do
  res = ask(url, request("SHA1"))
  raise "status #{res.status}, #{res.failure_info}" unless res.failure_info == :BAD_ALG
  raise "no text" unless res.status_text.any? { |text| text.include?("hashAlgorithm") }
end
