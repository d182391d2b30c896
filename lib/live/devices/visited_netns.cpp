// SPDX-License-Identifier: MIT
#include "tscope/live/visited_netns.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <utility>

#include "tscope/base/descriptor.hpp"
#include "tscope/base/error.hpp"

namespace tscope {

namespace {

constexpr const char* own_path = "/proc/thread-self/ns/net";

std::uint64_t inode_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

// A number that no other namespace gets until the next boot, unlike an inode; 0 before Linux 5.14.
std::uint64_t own_cookie() {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t length = sizeof(cookie);
  getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length);
  return cookie;
}

// The way back can't be refused but for lack of memory, and in the wrong namespace nothing is
// right.
class Stay {
 public:
  explicit Stay(const Descriptor& there)
      : home_(open(own_path, O_RDONLY | O_CLOEXEC)),
        entered_(home_ && setns(there.get(), CLONE_NEWNET) == 0) {}
  ~Stay() {
    if (entered_ && setns(home_.get(), CLONE_NEWNET) < 0) std::terminate();
  }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;
  bool entered() const { return entered_; }

 private:
  Descriptor home_;
  bool entered_;
};

}  // namespace

VisitedNetns::VisitedNetns(std::string path) : path_(std::move(path)) {
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    const int error = errno;
    throw Error(
        error == ENOENT
            ? fmt::format("there is no network namespace {}; ip netns list shows the names", path_)
            : fmt::format("can't open {}: {}; run it as root", path_, std::strerror(error)));
  }
  const Stay stay(file);
  if (!stay.entered()) {
    throw Error(
        fmt::format("can't enter network namespace {}: {}; that needs CAP_SYS_ADMIN: run it as "
                    "root",
                    path_, std::strerror(errno)));
  }
  inode_ = inode_of(own_path);
  cookie_ = own_cookie();
}

bool VisitedNetns::visit(const std::function<void()>& what) const {
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  const Stay stay(file);
  if (!stay.entered() || inode_of(own_path) != inode_ || own_cookie() != cookie_) return false;
  what();
  return true;
}

bool VisitedNetns::exists() const {
  if (visit([] {})) return true;
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    if (inode_of(process.path() / "ns/net") == inode_) return true;
  }
  return false;
}

bool run_in(const VisitedNetns* netns, const std::function<void()>& what) {
  if (netns != nullptr) return netns->visit(what);
  what();
  return true;
}

}  // namespace tscope
