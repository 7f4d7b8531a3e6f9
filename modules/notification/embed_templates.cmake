# Writes OUTPUT, a C++ source that holds FILES, named as seen from ROOT, as the templates that are built in.
set(entries "")
foreach(file IN LISTS FILES)
  file(RELATIVE_PATH name ${ROOT} ${file})
  file(READ ${file} text)
  string(APPEND entries "  if (name == \"${name}\") return R\"text(${text})text\";\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from the templates.
#include \"mail/templates.h\"

namespace svc::notification {
std::string_view built_in_template(std::string_view name) {
${entries}  return {};
}
}  // namespace svc::notification
")
