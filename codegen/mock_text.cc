#include "generator.h"
#include "signature.h"

namespace weft::codegen {

std::string MockText(const FileModel& file) {
  CodeWriter out;
  WriteBanner(out, file);
  out.Line("#pragma once");
  out.Line();
  out.Line("#include \"" + file.base + ".weft.h\"");
  if (file.services.empty()) return out.text();
  out.Line("#include \"gmock/gmock.h\"");
  out.Line("#include \"weft/mock.h\"");
  out.Line();
  OpenNamespace(out, file);
  for (const ServiceModel& service : file.services) {
    out.Line("// Answers the calls of its stub() in this process, by gmock's rules.");
    out.Line("class " + service.name + "::MockStub : public " + service.name +
             "::BlockingService {");
    out.Line(" public:");
    out.Indent();
    for (const MethodModel& method : service.methods) {
      const Signature s = BlockingHandler(file, method);
      std::string types;
      for (const std::string& type : s.types) {
        if (!types.empty()) types += ", ";
        // A comma inside a type would end the macro's argument.
        types += type.find(',') == std::string::npos ? type : "(" + type + ")";
      }
      out.Call("MOCK_METHOD", {s.result, method.name, "(" + types + ")", "(override)"}, ";");
    }
    if (!service.methods.empty()) out.Line();
    out.Line("Stub stub() { return Stub(host_.channel()); }");
    out.Outdent();
    out.Line();
    out.Line(" private:");
    out.Line("  " + file.weft + "::MockHost host_{*this};");
    out.Line("};");
    out.Line();
  }
  CloseNamespace(out, file);
  return out.text();
}

}  // namespace weft::codegen
