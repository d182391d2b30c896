# SPDX-License-Identifier: MIT
# The library, the command and the test binaries, by CMake.

$(BUILD)/user/CMakeCache.txt: CMakeLists.txt | deps
	@cmake -S . -B $(BUILD)/user -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >$(BUILD)/cmake.log || { cat $(BUILD)/cmake.log; exit 1; }

.PHONY: user
user: $(BUILD)/user/CMakeCache.txt ## build only what runs in user space: build/tscope and the test binaries
	@cmake --build $(BUILD)/user --parallel $(JOBS)
