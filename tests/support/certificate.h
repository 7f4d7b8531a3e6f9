// A certificate that vouches for itself, made by openssl(1).
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "support/system.h"
#include "support/temp_dir.h"

namespace svc::test {

/// Writes a new key and the certificate of `name` for it, over what is there. `also`: a subjectAltName, or empty.
inline void make_certificate(const std::string& name, const std::string& certificate, const std::string& key,
                             const std::string& also = {}) {
  std::vector<std::string> command{
      "openssl", "req",      "-x509", "-newkey", "ec",          "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes",  "-days",    "2",     "-subj",   "/CN=" + name, "-keyout",  key,
      "-out",    certificate};
  if (!also.empty()) command.insert(command.end(), {"-addext", "subjectAltName=" + also});
  const auto made = run_command(command);
  if (made.status != 0) throw std::runtime_error("no certificate: " + made.err);
}

/// One in a directory of its own.
struct Certificate {
  TempDir dir;
  std::string certificate = dir / "certificate.pem", key = dir / "key.pem";

  explicit Certificate(const std::string& name, const std::string& also = {}) {
    make_certificate(name, certificate, key, also);
  }
  /// With which svc uses it on its public port.
  std::vector<std::string> flags() const { return {"--http.tls.certificate=" + certificate, "--http.tls.key=" + key}; }
};

}  // namespace svc::test
