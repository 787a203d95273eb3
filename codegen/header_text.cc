#include "generator.h"
#include "signature.h"

namespace weft::codegen {

namespace {

// The .proto's words on a service or a method, and a remark if C++ needs another name for it.
template <typename Descriptor>
void WriteComment(CodeWriter& out, const Descriptor& descriptor, const std::string& name) {
  google::protobuf::SourceLocation location;
  if (descriptor.GetSourceLocation(&location)) {
    out.Comment(location.leading_comments.empty() ? location.trailing_comments
                                                  : location.leading_comments);
  }
  if (name != descriptor.name()) {
    out.Comment("(Named " + std::string(descriptor.name()) +
                " in the .proto, which C++ or Weft needs for something else.)");
  }
}

void WriteService(CodeWriter& out, const FileModel& file, const ServiceModel& service) {
  out.Line("// Derive from it to serve with coroutines. A method left out answers UNIMPLEMENTED.");
  out.Line("class Service : public " + file.weft + "::Service {");
  out.Line(" public:");
  out.Indent();
  for (const MethodModel& method : service.methods) {
    const Signature s = CoroutineHandler(file, method);
    WriteComment(out, *method.descriptor, method.name);
    out.Call("virtual " + s.result + " " + method.name, s.Named(), ";");
  }
  out.Line(file.absl + "::Span<const " + file.weft + "::Method> methods() const final;");
  out.Outdent();
  out.Line("};");
}

void WriteBlockingService(CodeWriter& out, const FileModel& file, const ServiceModel& service) {
  out.Line("// The same as plain functions, which run on worker threads and may block.");
  out.Line("class BlockingService : public " + file.weft + "::Service {");
  out.Line(" public:");
  out.Indent();
  for (const MethodModel& method : service.methods) {
    const Signature s = BlockingHandler(file, method);
    out.Call("virtual " + s.result + " " + method.name, s.Named(), ";");
  }
  out.Line(file.absl + "::Span<const " + file.weft + "::Method> methods() const final;");
  out.Outdent();
  out.Line("};");
}

void WriteStub(CodeWriter& out, const FileModel& file, const ServiceModel& service) {
  out.Line("// Calls a remote " + service.name + ". A cheap value, safe to use from any thread.");
  out.Line("class Stub : public " + file.weft + "::StubBase {");
  out.Line(" public:");
  out.Indent();
  out.Line("using " + file.weft + "::StubBase::StubBase;");
  for (const MethodModel& method : service.methods) {
    for (const Signature& s : StubCalls(file, method)) {
      out.Call(s.result + " " + method.name, s.Named(), " const;");
    }
  }
  out.Outdent();
  out.Line("};");
}

}  // namespace

std::string HeaderText(const FileModel& file) {
  CodeWriter out;
  WriteBanner(out, file);
  out.Line("#pragma once");
  out.Line();
  if (!file.services.empty()) {
    out.Line("#include <string_view>");
    out.Line();
  }
  out.Line("#include \"" + file.base + ".pb.h\"");
  if (file.services.empty()) return out.text();
  out.Line("#include \"absl/status/status.h\"");
  out.Line("#include \"absl/types/span.h\"");
  out.Line("#include \"weft/service.h\"");
  out.Line("#include \"weft/stub.h\"");
  out.Line();
  OpenNamespace(out, file);
  bool first = true;
  for (const ServiceModel& service : file.services) {
    if (!first) out.Line();
    first = false;
    WriteComment(out, *service.descriptor, service.name);
    out.Line("class " + service.name + " final {");
    out.Line(" public:");
    out.Indent();
    out.Line("static constexpr " + file.stdlib + "::string_view kServiceName = \"" +
             std::string(service.descriptor->full_name()) + "\";");
    out.Line();
    WriteService(out, file, service);
    out.Line();
    WriteBlockingService(out, file, service);
    out.Line();
    out.Line("class MockStub;  // in the .weft.mock.h");
    out.Line();
    WriteStub(out, file, service);
    out.Outdent();
    out.Line("};");
  }
  if (!file.cpp_namespace.empty()) out.Line();
  CloseNamespace(out, file);
  return out.text();
}

}  // namespace weft::codegen
