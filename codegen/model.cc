#include "model.h"

#include <google/protobuf/compiler/cpp/names.h>

#include <algorithm>
#include <array>

#include "names.h"

namespace weft::codegen {

namespace cpp = google::protobuf::compiler::cpp;

namespace {

constexpr auto kRoots = std::to_array<std::string_view>({"weft", "absl", "std", "google"});

// Parameters of the generated functions: a type named like one could not be spelled after it.
constexpr auto kParameters = std::to_array<std::string_view>(
    {"context", "request", "reply", "reader", "writer", "stream", "service", "args"});

MethodKind KindOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? MethodKind::kBidi : MethodKind::kClientStream;
  }
  return method.server_streaming() ? MethodKind::kServerStream : MethodKind::kUnary;
}

std::string WithColons(std::string_view package) {
  std::string out;
  for (char c : package) {
    if (c == '.') {
      out += "::";
    } else {
      out += c;
    }
  }
  return out;
}

class Builder {
 public:
  explicit Builder(const google::protobuf::FileDescriptor& file)
      : file_(file), package_(file.package()), visible_(file) {}

  FileModel Build() {
    FileModel model;
    model.descriptor = &file_;
    model.base = cpp::StripProto(std::string(file_.name()));
    model.cpp_namespace = WithColons(package_);
    ReserveScope();
    for (int i = 0; i < file_.service_count(); ++i) {
      model.services.push_back(NameService(*file_.service(i)));
    }
    for (ServiceModel& service : model.services) {
      for (const MethodModel& method : service.methods) {
        scope_.Take(method.name);
        members_.Take(method.name);
      }
    }
    for (ServiceModel& service : model.services) NameInternals(service);
    model.weft = Root("weft");
    model.absl = Root("absl");
    model.stdlib = Root("std");
    model.google = Root("google");
    return model;
  }

 private:
  // A service's own name wins over one that is made up for another service.
  void ReserveScope() {
    for (int i = 0; i < file_.service_count(); ++i) {
      original_services_.Take(std::string(file_.service(i)->name()));
    }
    for (std::string_view name :
         {"Service", "BlockingService", "Stub", "MockStub", "kServiceName", "methods", "stub"}) {
      members_.Take(std::string(name));
    }
    for (std::string_view name : kParameters) members_.Take(std::string(name));
  }

  bool IsFreeServiceName(const std::string& name) const {
    if (IsKeywordOrMacro(name) || IsMemberOfGeneratedClasses(name) || name == "kServiceName" ||
        name == "std" ||  // gmock's macros spell std:: without a leading ::
        visible_.Holds(package_, name)) {
      return false;
    }
    const auto is = [&](std::string_view other) { return name == other; };
    if (package_.empty() && (std::any_of(kRoots.begin(), kRoots.end(), is) || name == "testing")) {
      return false;
    }
    return package_ != "weft" ||
           std::ranges::find(NamesOfRuntime(), name) == NamesOfRuntime().end();
  }

  ServiceModel NameService(const google::protobuf::ServiceDescriptor& descriptor) {
    ServiceModel service;
    service.descriptor = &descriptor;
    service.name = std::string(descriptor.name());
    while (!IsFreeServiceName(service.name) ||
           (service.name != descriptor.name() && original_services_.Has(service.name))) {
      service.name += '_';
    }
    scope_.Take(service.name);
    members_.Take(service.name);

    NameScope names;
    for (int i = 0; i < descriptor.method_count(); ++i) {
      const std::string name(descriptor.method(i)->name());
      if (!IsKeywordOrMacro(name) && !IsMemberOfGeneratedClasses(name)) names.Take(name);
    }
    for (int i = 0; i < descriptor.method_count(); ++i) {
      const google::protobuf::MethodDescriptor& m = *descriptor.method(i);
      MethodModel method;
      method.descriptor = &m;
      method.kind = KindOf(m);
      method.name = std::string(m.name());
      if (IsKeywordOrMacro(method.name) || IsMemberOfGeneratedClasses(method.name)) {
        method.name = names.Claim(method.name + "_");
      }
      method.path = "/" + std::string(descriptor.full_name()) + "/" + std::string(m.name());
      service.methods.push_back(std::move(method));
    }
    return service;
  }

  // Everything that needs the full picture of the members' names.
  void NameInternals(ServiceModel& service) {
    service.table = ClaimInternal("k" + service.name + "Methods");
    service.prototype = ClaimInternal(service.name + "Prototype");
    for (MethodModel& method : service.methods) {
      method.handler = ClaimInternal(service.name + method.name + "Handler");
      method.blocking_handler = ClaimInternal(service.name + method.name + "BlockingHandler");
      method.request = TypeName(*method.descriptor->input_type());
      method.reply = TypeName(*method.descriptor->output_type());
    }
  }

  std::string ClaimInternal(std::string name) {
    while (visible_.Hides(package_, name)) name += '_';
    return scope_.Claim(std::move(name));
  }

  // A message as the generated classes can spell it: as briefly as a reader would, unless something
  // hides it there.
  std::string TypeName(const google::protobuf::Descriptor& message) const {
    std::string name = cpp::ClassName(&message);
    const std::string package(message.file()->package());
    const bool looks_like_type = name.front() >= 'A' && name.front() <= 'Z';
    if (package == package_ && looks_like_type && !members_.Has(name) &&
        !IsMemberOfGeneratedClasses(name)) {
      return name;
    }
    if (package.empty()) return "::" + name;
    const std::string root = package.substr(0, package.find('.'));
    return Root(root) + "::" +
           (root == package ? name : WithColons(package.substr(root.size() + 1)) + "::" + name);
  }

  std::string Root(const std::string& name) const {
    const bool hidden = visible_.Hides(package_, name) || members_.Has(name);
    return hidden ? "::" + name : name;
  }

  const google::protobuf::FileDescriptor& file_;
  const std::string package_;
  const VisibleNames visible_;
  NameScope original_services_;
  NameScope scope_;    // what the generated files add to the namespace
  NameScope members_;  // what a name inside the generated classes may find before the namespace
};

}  // namespace

FileModel BuildModel(const google::protobuf::FileDescriptor& file) { return Builder(file).Build(); }

}  // namespace weft::codegen
