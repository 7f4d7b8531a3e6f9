# Writes OUTPUT, a C++ source that holds FILES as the migrations of module NAME.
set(entries "")
set(number 0)
foreach(file IN LISTS FILES)
  math(EXPR number "${number} + 1")
  get_filename_component(stem ${file} NAME_WE)
  file(READ ${file} sql)
  string(APPEND entries "    {${number}, \"${stem}\", R\"sql(${sql})sql\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from the migrations of ${NAME}.
#include \"sql/migrations.h\"

namespace svc::${NAME} {
namespace {
constexpr sql::Migration all[] = {
${entries}};
}  // namespace
sql::Migrations migrations() { return all; }
}  // namespace svc::${NAME}
")
