#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "tests/support/test_service.h"
#include "weft/channel.h"
#include "weft/client_context.h"
#include "weft/event_loop.h"
#include "weft/server.h"

namespace weft::testing {

// A loop on a thread of its own.
class LoopOnThread {
 public:
  LoopOnThread() : thread_([this] { loop_.Run(); }) {}
  LoopOnThread(const LoopOnThread&) = delete;
  ~LoopOnThread() {
    loop_.Stop();
    thread_.join();
  }
  EventLoop& loop() { return loop_; }

 private:
  EventLoop loop_;
  std::thread thread_;
};

// The test service on a server with a loop of its own, and a channel to it.
class ServedFixture {
 public:
  explicit ServedFixture(const ChannelOptions& options = ChannelOptions()) {
    StartServer(0);
    channel_ = std::make_unique<Channel>(target_, options);
    stub_ = TestService::Stub(*channel_);
  }
  ~ServedFixture() {
    channel_.reset();
    server_.reset();
  }

  void StartServer(int port) {
    server_ = std::make_unique<Server>(ServerOptions().set_loops(1));
    server_->Register(service_);
    const absl::Status listens = server_->Listen("127.0.0.1:" + std::to_string(port));
    ASSERT_TRUE(listens.ok()) << listens;
    ASSERT_TRUE(server_->Start().ok());
    target_ = "ipv4:127.0.0.1:" + std::to_string(server_->port());
  }

  static TestRequest Text(std::string text) {
    TestRequest request;
    request.set_text(std::move(text));
    return request;
  }
  // The handler ends when its call was cancelled.
  static TestRequest Waiting() {
    TestRequest request;
    request.set_wait(true);
    return request;
  }

 protected:
  TestServiceImpl service_;
  std::unique_ptr<Server> server_;
  std::string target_;
  std::unique_ptr<Channel> channel_;
  TestService::Stub stub_{Channel("ipv4:127.0.0.1:1")};
};

}  // namespace weft::testing
