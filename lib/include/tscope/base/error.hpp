// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

namespace tscope {

/// What a caller can't go on from: the message is one line that names what failed
/// and says what to do next. The command prints it as it is and exits with 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A request that makes no sense (a port of 70000): exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace tscope
