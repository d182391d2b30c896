// SPDX-License-Identifier: MIT
#include "live/kmod/device.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "tscope/base/error.hpp"

namespace tscope {

namespace {

std::string why_not_open(int error) {
  if (error == ENOENT || error == ENXIO || error == ENODEV) {
    return "the module is not loaded (no " TSCOPE_DEVICE
           "): load it with insmod build/kmod/$(uname -r)/tscope.ko";
  }
  if (error == EACCES || error == EPERM) {
    return "no permission for " TSCOPE_DEVICE
           ": run it as root, or let a udev rule give you the device";
  }
  return fmt::format("can't open " TSCOPE_DEVICE ": {}; see the kernel log (dmesg)",
                     std::strerror(error));
}

std::string versions(std::uint32_t interface, std::uint32_t record) {
  return fmt::format("interface {} and record {}", interface, record);
}

}  // namespace

Device::Device() : file_(open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC)) {
  if (!file_) throw Error(why_not_open(errno));
  const int error = call(TSCOPE_IOC_INFO, &info_);
  const bool same = error == 0 && info_.interface_version == TSCOPE_INTERFACE_VERSION &&
                    info_.record_version == TSCOPE_RECORD_VERSION &&
                    info_.record_size == sizeof(tscope_record);
  if (same) return;
  const std::string theirs =
      error != 0 ? "another interface" : versions(info_.interface_version, info_.record_version);
  throw Error(
      fmt::format("the loaded module speaks {}, this command {}: load the module of the same "
                  "build (rmmod tscope, make kmod, insmod)",
                  theirs, versions(TSCOPE_INTERFACE_VERSION, TSCOPE_RECORD_VERSION)));
}

int Device::call(unsigned long command, void* argument) const {
  return ioctl(file_.get(), command, argument) < 0 ? errno : 0;
}

}  // namespace tscope
