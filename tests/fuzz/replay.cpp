// Plays kept inputs through a harness, for builds without a fuzzer: a regression test.
//   replay FILE-OR-DIRECTORY...
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz.h"

namespace {

void play(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string input{std::istreambuf_iterator<char>(in), {}};
  svc::fuzz::must(!in.bad(), "an input can be read");
  std::cout << file.string() << std::endl;  // at once: a harness that fails ends the process
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t played = 0;
  for (int i = 1; i < count; ++i) {
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(arguments[i]))
      for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) files.push_back(entry.path());
    else files.emplace_back(arguments[i]);
    for (const auto& file : files) play(file);
    played += files.size();
  }
  svc::fuzz::must(played > 0, "there is something to play");
}
