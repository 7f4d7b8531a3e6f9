# How the house is built: floors of core, and modules that see only each other's contracts.

# Headers that nearly every source includes, parsed once. Not nlohmann/json.hpp: one source in six includes it, and to
# load it takes the others half a second each.
file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp "")
add_library(svc_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
target_link_libraries(svc_precompiled PRIVATE svc_flags)
target_precompile_headers(svc_precompiled PRIVATE
  <algorithm> <array> <chrono> <condition_variable> <coroutine> <filesystem> <functional> <map> <memory> <mutex>
  <optional> <string> <string_view> <thread> <tuple> <unordered_map> <variant> <vector>
  <tl/expected.hpp>)

# svc_floor(base SOURCES a.cpp … USES lower floors … LINKS packages …)
# A folder of core. Floors look down only: what is not in USES is below no one's feet and does not link.
function(svc_floor name)
  cmake_parse_arguments(FLOOR "" "" "SOURCES;USES;LINKS;PRIVATE_LINKS" ${ARGN})
  if(NOT FLOOR_SOURCES)
    add_library(core_${name} INTERFACE)
    list(TRANSFORM FLOOR_USES PREPEND core_)
    target_link_libraries(core_${name} INTERFACE ${FLOOR_USES} ${FLOOR_LINKS})
    return()
  endif()
  add_library(core_${name} STATIC)
  foreach(source IN LISTS FLOOR_SOURCES)
    target_sources(core_${name} PRIVATE ${name}/${source})
  endforeach()
  target_include_directories(core_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_precompile_headers(core_${name} REUSE_FROM svc_precompiled)
  list(TRANSFORM FLOOR_USES PREPEND core_)
  target_link_libraries(core_${name} PUBLIC svc_flags ${FLOOR_USES} ${FLOOR_LINKS} PRIVATE ${FLOOR_PRIVATE_LINKS})
endfunction()

# svc_module(order USES user inventory payment MIGRATIONS a.sql b.sql)
# Makes three targets: contract_<name>, which others may see; <name>, the module, which sees core and the
# contracts it USES; entry_<name>, by which app makes it. Sources are src/*.cpp. Migrations are applied in the order
# given, which is only ever added to; those of core's tables are core/<floor>/<name>.sql.
function(svc_module name)
  cmake_parse_arguments(MODULE "" "" "USES;LINKS;MIGRATIONS" ${ARGN})
  add_library(contract_${name} INTERFACE)
  target_include_directories(contract_${name} INTERFACE contract)
  target_link_libraries(contract_${name} INTERFACE core_contract core_identity)
  list(TRANSFORM MODULE_USES PREPEND contract_)
  target_link_libraries(contract_${name} INTERFACE ${MODULE_USES})

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cpp)
  add_library(module_${name} STATIC ${sources})
  target_precompile_headers(module_${name} REUSE_FROM svc_precompiled)
  target_include_directories(module_${name} PRIVATE src entry)
  target_link_libraries(module_${name} PUBLIC contract_${name} core_module PRIVATE ${MODULE_LINKS})
  if(MODULE_MIGRATIONS)
    list(TRANSFORM MODULE_MIGRATIONS REPLACE "^core/" "${PROJECT_SOURCE_DIR}/modules/core/")
    list(TRANSFORM MODULE_MIGRATIONS REPLACE "^migrations/" "${CMAKE_CURRENT_SOURCE_DIR}/migrations/")
    svc_migrations(module_${name} ${name} ${MODULE_MIGRATIONS})
  endif()

  add_library(entry_${name} INTERFACE)
  target_include_directories(entry_${name} INTERFACE entry)
  target_link_libraries(entry_${name} INTERFACE module_${name})
endfunction()

# Turns SQL files into `svc::<name>::migrations`, numbered in the order given.
function(svc_migrations target name)
  string(REPLACE "::" "_" file_name ${name})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${file_name}_migrations.cpp)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DOUTPUT=${output} "-DFILES=${ARGN}"
            -P ${PROJECT_SOURCE_DIR}/modules/embed_migrations.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/modules/embed_migrations.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
