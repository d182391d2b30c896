// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "live/live_session.hpp"
#include "tscope/base/error.hpp"
#include "tscope/file/capture_file.hpp"
#include "tscope/file/convert.hpp"
#include "unit/file/capture_bytes.hpp"
#include "unit/live/reader/fake_rings.hpp"

namespace tscope {
namespace {

using test::MemoryFile;

constexpr std::uint64_t epoch = 1'700'000'000'000'000'000, second = 1'000'000'000;
constexpr std::uint32_t loopback = 1;  // a device that is everywhere

/// A machine whose TSC counts nanoseconds; each look at a clock takes 100 of them.
struct FakeMachine {
  std::uint64_t now = 10 * second;
  FakeRings rings{2, 256};

  std::uint64_t tick() { return now += 100; }
};

class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(FakeMachine& machine) : machine_(machine) {}

  std::vector<Ring> rings() override { return machine_.rings.readers(); }
  void start() override {}
  void stop() override {}
  bool wait(std::chrono::milliseconds) override { return true; }
  std::string clock_name() const override { return "tsc"; }
  std::uint32_t clock_khz() const override { return 1'000'000; }
  std::uint64_t now() const override { return machine_.tick(); }
  Anchor anchor() const override {
    const std::uint64_t middle = machine_.tick();
    return {middle, 100, middle, epoch + middle};
  }
  std::uint64_t missed() const override { return 0; }
  std::map<std::string, std::string> facts() const override { return {}; }

 private:
  FakeMachine& machine_;
};

/// A NIC's clock: TAI, 50 ppm too fast.
std::uint64_t nic_at(std::uint64_t tsc) {
  return epoch + 37 * second + tsc + tsc / 20'000;
}

tscope_record stamped(tscope_vantage vantage, std::uint64_t tsc, std::uint64_t nic_ns,
                      std::uint32_t ifindex = loopback) {
  tscope_record record = test::packet_at(static_cast<Vantage>(vantage), {}, 0).record;
  record.tsc = tsc;
  record.netns = own_netns();
  record.ifindex = ifindex;
  std::memcpy(record.header + TSCOPE_NIC_TIME_AT, &nic_ns, sizeof(nic_ns));
  return record;
}

class NicStampsTest : public testing::Test {
 protected:
  NicSetup setup() {
    NicSetup setup;
    NicDevice device;
    device.name = "lo";
    device.ifindex = loopback;
    device.phc = 3;
    setup.devices = {device};
    setup.sample = [this](int phc) -> std::optional<PhcSample> {
      EXPECT_EQ(phc, 3);
      const std::uint64_t before = machine.tick(), at = machine.tick(), after = machine.tick();
      return PhcSample{epoch + before, still ? 4711 : nic_at(at), epoch + after};
    };
    return setup;
  }
  void open() {
    session.emplace(std::make_unique<FakeEngine>(machine), std::chrono::milliseconds(20),
                    std::chrono::milliseconds(0), setup());
  }
  void frame(std::uint64_t nic_ns, tscope_vantage vantage = TSCOPE_HW_RX,
             std::uint32_t ifindex = loopback) {
    machine.now += 1'000'000;
    ASSERT_TRUE(machine.rings.write(0, stamped(vantage, machine.now, nic_ns, ifindex)));
  }
  std::vector<Packet> rest() {
    session->stop();
    std::vector<Packet> packets;
    Packet packet;
    for (auto next = session->next(packet); next != Source::Next::end;
         next = session->next(packet)) {
      if (next == Source::Next::packet) packets.push_back(packet);
    }
    return packets;
  }

  FakeMachine machine;
  bool still = false;
  std::optional<LiveSession> session;
};

TEST_F(NicStampsTest, AStampComesToStandOnTheCapturesLine) {
  open();
  const std::uint64_t wire = machine.now + 1'000'000 - 7'000;
  frame(nic_at(wire));
  machine.now += 5 * second;
  const auto packets = rest();
  ASSERT_EQ(packets.size(), 1);
  const auto stamps = session->nic_stamps();
  ASSERT_EQ(stamps.size(), 1);
  EXPECT_EQ(stamps[0].interface, (Interface{"lo", Vantage::hw_rx}));
  EXPECT_EQ(stamps[0].phc, 3);
  EXPECT_EQ(stamps[0].used, 1);
  EXPECT_EQ(stamps[0].absent(), 0);
  EXPECT_LE(std::abs(packets[0].time_ns - static_cast<std::int64_t>(epoch + wire)),
            stamps[0].error_ns);
  EXPECT_LT(stamps[0].error_ns, 1'000'000);
  EXPECT_EQ(packets[0].vantage(), Vantage::hw_rx);
}

TEST_F(NicStampsTest, WhatIsNoStampIsCountedAndNotDelivered) {
  open();
  frame(0);
  frame(0);
  const std::uint64_t good = nic_at(machine.now + 900'000);
  frame(good);
  frame(good);                                          // the same again
  frame(nic_at(machine.now) + 5 * second);              // of another clock
  frame(nic_at(machine.now), TSCOPE_HW_RX, 4'000'000);  // of a device without one
  frame(0, TSCOPE_HW_RX, 4'000'000);                    // nothing to be said
  frame(nic_at(machine.now), TSCOPE_HW_TX);
  const auto packets = rest();
  EXPECT_EQ(packets.size(), 2);
  const auto stamps = session->nic_stamps();
  ASSERT_EQ(stamps.size(), 3);
  EXPECT_EQ(stamps[0].used, 1);
  EXPECT_EQ(stamps[0].zero, 2);
  EXPECT_EQ(stamps[0].still, 1);
  EXPECT_EQ(stamps[0].stray, 1);
  EXPECT_EQ(stamps[0].no_clock, 0);
  EXPECT_EQ(stamps[1].phc, -1);
  EXPECT_EQ(stamps[1].no_clock, 1);
  EXPECT_EQ(stamps[1].absent(), 1);
  EXPECT_EQ(stamps[2].interface.vantage, Vantage::hw_tx);
  EXPECT_EQ(stamps[2].used, 1);
}

TEST_F(NicStampsTest, AClockThatStandsStillGivesNone) {
  still = true;
  open();
  frame(4711);
  frame(4712);
  EXPECT_TRUE(rest().empty());
  ASSERT_EQ(session->nic_stamps().size(), 1);
  EXPECT_EQ(session->nic_stamps()[0].still, 2);
  EXPECT_EQ(session->nic_stamps()[0].used, 0);
}

TEST_F(NicStampsTest, ReadingsAreThoseOfTheClocks) {
  open();
  machine.now += second;
  rest();
  const auto readings = session->take_nic_readings();
  ASSERT_EQ(readings.size(), 3) << "two at the start, one at the end";
  for (const NicReading& reading : readings) {
    EXPECT_EQ(reading.phc, 3);
    const auto off = static_cast<std::int64_t>(reading.nic_ns - nic_at(reading.tsc));
    EXPECT_LE(std::abs(off), static_cast<std::int64_t>(reading.width / 2));
    EXPECT_LE(reading.width, 400);
  }
  EXPECT_TRUE(session->take_nic_readings().empty());
}

TEST_F(NicStampsTest, WithoutANicNothingIsRead) {
  session.emplace(std::make_unique<FakeEngine>(machine), std::chrono::milliseconds(20));
  rest();
  EXPECT_TRUE(session->take_nic_readings().empty());
  EXPECT_TRUE(session->nic_stamps().empty());
}

NicStamps some_stamps(Vantage vantage) {
  NicStamps stamps;
  stamps.interface = {"eth0", vantage};
  stamps.phc = vantage == Vantage::hw_rx ? 2 : -1;
  stamps.error_ns = 333;
  stamps.used = 1;
  stamps.zero = 4;
  stamps.still = 5;
  stamps.stray = 6;
  stamps.no_clock = 7;
  stamps.steps = 8;
  return stamps;
}

const std::vector<NicReading> some_readings{{1000, 20, 77'000, 2}, {2000, 30, 78'000, 2}};

void write_capture(const std::string& path, const Packet& packet) {
  CaptureFile file(path, LinkType::ethernet, {});
  for (const NicReading& reading : some_readings) file.write(reading);
  file.write(packet, {"eth0", Vantage::hw_rx});
  file.write_statistics({}, {}, packet.time_ns,
                        {some_stamps(Vantage::hw_rx), some_stamps(Vantage::hw_tx)});
}

Packet frame_in_file(std::uint8_t header_len) {
  Packet packet;
  packet.time_ns = static_cast<std::int64_t>(epoch);
  packet.record = stamped(TSCOPE_HW_RX, 5000, 1'234'567'890'123'456'789);
  packet.record.flags |= TSCOPE_F_LINK;
  packet.record.link[12] = 8;
  packet.record.wire_len = 200;
  for (std::size_t i = 52; i < header_len && i < TSCOPE_NIC_TIME_AT; i++) {
    packet.record.header[i] = static_cast<std::uint8_t>(i);
  }
  packet.record.header_len = header_len;
  return packet;
}

TEST(NicStampsFile, GivesEverythingBack) {
  for (const std::uint8_t header_len : std::initializer_list<std::uint8_t>{52, 119, 120}) {
    const MemoryFile memory;
    const Packet packet = frame_in_file(header_len);
    write_capture(memory.path(), packet);
    const auto source = open_file(memory.path());
    const auto contents = test::read_all(*source);
    ASSERT_EQ(contents.packets.size(), 1);
    EXPECT_EQ(contents.packets[0].time_ns, packet.time_ns);
    EXPECT_EQ(std::memcmp(&contents.packets[0].record, &packet.record, sizeof(packet.record)), 0);
    EXPECT_EQ(contents.at[0], (Interface{"eth0", Vantage::hw_rx}));
    EXPECT_THAT(source->nic_stamps(),
                testing::ElementsAre(some_stamps(Vantage::hw_rx), some_stamps(Vantage::hw_tx)));
    EXPECT_EQ(source->take_nic_readings(), some_readings);
  }
}

TEST(NicStampsFile, TheTimeIsNoPartOfTheFrame) {
  const MemoryFile memory;
  write_capture(memory.path(), frame_in_file(TSCOPE_HEADER_MAX));
  const auto contents = test::read_file(memory.path());
  ASSERT_EQ(contents.packets.size(), 1);
  EXPECT_EQ(contents.packets[0].record.header_len, TSCOPE_NIC_TIME_AT);
  EXPECT_EQ(nic_time(contents.packets[0].record), 1'234'567'890'123'456'789);
}

TEST(NicStampsFile, ConvertKeepsWhatIsOfItsVantagePoint) {
  const MemoryFile memory, converted;
  write_capture(memory.path(), frame_in_file(52));
  ConvertOptions options;
  options.vantages = {Vantage::hw_rx};
  convert(memory.path(), converted.path(), options);
  const auto source = open_file(converted.path());
  const auto contents = test::read_all(*source);
  ASSERT_EQ(contents.packets.size(), 1);
  EXPECT_EQ(nic_time(contents.packets[0].record), 1'234'567'890'123'456'789);
  EXPECT_THAT(source->nic_stamps(), testing::ElementsAre(some_stamps(Vantage::hw_rx)));
  EXPECT_EQ(source->take_nic_readings(), some_readings);
}

TEST(NicStampsFile, RingTakesNoHeaderThatHidesTheTime) {
  tscope_record record = stamped(TSCOPE_HW_RX, 1, 2);
  record.header_len = TSCOPE_NIC_TIME_AT;
  EXPECT_TRUE(sound(record, 0));
  record.header_len = TSCOPE_NIC_TIME_AT + 1;
  EXPECT_FALSE(sound(record, 0));
}

TEST(NicSetup, IsEmptyUnlessAskedForAndRefusedWithoutANic) {
  CaptureOptions options;
  options.vantages = {Vantage::driver_rx};
  EXPECT_TRUE(nic_setup(options).devices.empty());
  options.vantages = {Vantage::driver_rx, Vantage::hw_rx};
  options.filter.device = "lo";
  try {
    nic_setup(options);
    FAIL() << "the loopback device has no NIC";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("lo has not"));
    EXPECT_THAT(error.what(), testing::HasSubstr("leave hw out of --at"));
  }
}

}  // namespace
}  // namespace tscope
