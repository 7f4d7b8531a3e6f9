// svc: the command line. See README.md.
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>

#include "base/clock.h"
#include "descriptors.h"
#include "documents.h"
#include "explain.h"
#include "observe/log.h"
#include "parked.h"
#include "settings.h"
#include "status.h"
#include "tokens.h"
#include "wiring.h"

extern char** environ;

namespace {

constexpr int exit_failed = 1, exit_usage = 2;

std::string ready_line(const std::map<std::string, int>& ports) {
  std::string line = R"({"event":"ready","ports":{)";
  for (bool first = true; const auto& [name, port] : ports) {
    line += std::string(first ? "\"" : ",\"") + name + "\":" + std::to_string(port);
    first = false;
  }
  return line + "}}\n";
}

sigset_t our_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

// SIGHUP, until then, has the certificate of `process` read anew, if there is one.
void await_stop_signal(svc::app::Process* process) {
  const sigset_t signals = our_signals();
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) return;
    if (process != nullptr) process->reload_certificate();
  }
}

int serve(const svc::app::Settings& configured) {
  // Blocked before any thread is made, so that only await_stop_signal() gets them.
  const sigset_t signals = our_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  svc::log::start(configured.log);
  svc::set_span_options(configured.trace);
  try {
    const auto settings = svc::app::fit_descriptors(configured);
    const svc::SystemClock clock;
    svc::app::Process process(settings, clock);
    process.start();
    std::cout << ready_line(process.ports()) << std::flush;
    await_stop_signal(&process);
    svc::log::info("stopping");
    std::thread([] {
      await_stop_signal(nullptr);
      _exit(exit_failed);  // asked twice: at once
    }).detach();
    process.stop(svc::seconds{settings.general.drain_seconds});
  } catch (const std::exception&) {
    svc::log::stop();
    throw;
  }
  svc::log::stop();
  return EXIT_SUCCESS;
}

// `trouble`: where it goes that a subcommand could not do its work.
int print(const svc::app::Report& report, std::ostream& trouble) {
  (report.ok ? std::cout : trouble) << report.text;
  return report.ok ? EXIT_SUCCESS : exit_failed;
}

int run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  const auto line = svc::app::read_command_line(arguments, environment);
  if (!line) {
    for (const auto& fault : line.error().all) std::cerr << "svc: " << fault << "\n";
    return exit_usage;
  }
  using Action = svc::app::CommandLine::Action;
  switch (line->action) {
    case Action::help:
    case Action::version:
    case Action::print_config:
    case Action::print_template: std::cout << line->text; return EXIT_SUCCESS;
    case Action::check_config: return EXIT_SUCCESS;
    case Action::openapi: std::cout << svc::app::openapi_document(); return EXIT_SUCCESS;
    case Action::asyncapi: std::cout << svc::app::asyncapi_document(); return EXIT_SUCCESS;
    case Action::events: return print(svc::app::events_report(line->settings, line->events), std::cerr);
    case Action::token:
      std::cout << svc::app::operator_token(line->settings, line->subject, line->scope, line->time_to_live) << "\n";
      return EXIT_SUCCESS;
    case Action::explain: return print(svc::app::explain_report(line->settings, line->explained), std::cout);
    case Action::status: return print(svc::app::status_report(line->settings), std::cout);
    case Action::serve: break;
  }
  return serve(line->settings);
}

}  // namespace

int main(int argc, char** argv) {
  umask(077);  // what it writes is nobody else's business
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment.emplace_back(*variable);
  try {
    return run({argv + 1, argv + argc}, environment);
  } catch (const std::filesystem::filesystem_error& failure) {
    std::cerr << "svc: " << failure.path1().string() << ": " << failure.code().message() << "\n";
  } catch (const std::exception& failure) {
    std::cerr << "svc: " << failure.what() << "\n";
  }
  return exit_failed;
}
