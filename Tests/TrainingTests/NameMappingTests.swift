import Foundation
import Interchange
import Recipes
import Testing
import Training

/// Names of a file as those of a network.
@Suite struct NameMappingTests {
    private func file(_ names: [String]) throws -> WeightsFile {
        let path = NSTemporaryDirectory() + "/braid-mapping-\(UUID().uuidString).safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Safetensors.write(names.map { HostTensor(name: $0, shape: [1], floats: [1]) }, to: path)
        return WeightsFile(try Safetensors(data: Data(contentsOf: URL(filePath: path)), path: "w.safetensors"))
    }

    @Test(
        arguments: [
            ("backbone.*=*", "backbone.conv.weight", "conv.weight"), ("*=model.*", "fc.bias", "model.fc.bias"),
            ("*.bn?.*=*.norm.*", "layer1.bn2.weight", "layer1.norm.weight"), ("fc.weight=head.weight", "fc.weight", "head.weight"),
            ("*.*=x\\*.*", "a.b", "x*.a"), ("head.*=*", "fc.weight", nil), ("a.*=b", "a.c", "b"),
        ] as [(String, String, String?)])
    func renames(text: String, name: String, expected: String?) throws {
        #expect(try NameMapping(text).newName(of: name) == expected)
        #expect(try NameMapping(NameMapping(text).description).newName(of: name) == expected)
    }

    @Test(arguments: [
        ("fc", "maps no names; write OLD=NEW"), ("=a", "maps no names"), ("a=", "maps no names"),
        ("a.*=*.*", "'a.*=*.*' has 2 `*` behind the sign, but 1 before it"),
    ])
    func refuses(text: String, message: String) {
        let error = #expect(throws: TrainingError.self) { _ = try NameMapping(text) }
        #expect(error?.description.contains(message) == true)
    }

    @Test func mapsFiles() throws {
        func mapped(_ names: [String], _ mappings: String...) throws -> [String] {
            try file(names).mapped(try mappings.map { try NameMapping($0) }).entries.map(\.name).sorted()
        }
        #expect(try mapped(["m.a", "m.b", "c"], "m.*=*") == ["a", "b", "c"])
        // The first that matches counts; a name that is mapped away is free.
        #expect(try mapped(["m.a", "m.b", "a"], "m.a=x", "m.*=*") == ["a", "b", "x"])
        #expect(try mapped(["a", "b"], "a=b", "b=a") == ["a", "b"])
        let unused = #expect(throws: TrainingError.self) { _ = try mapped(["backbone.conv.weight", "fc.weight"], "backbon.*=*") }
        #expect(
            unused?.description
                == "w.safetensors has no tensor 'backbon.*', which --map 'backbon.*=*' is for; did you mean 'backbone.*'? braid weights lists the names"
        )
        let twice = #expect(throws: TrainingError.self) { _ = try mapped(["m.a", "a"], "m.*=*") }
        #expect(twice?.description.contains("--map gives two tensors of w.safetensors the name 'a'") == true)
    }

    @Test func findsNames() throws {
        let file = try file(["a.weight", "a.bias", "b.weight"])
        #expect(
            try file.names(matching: [NamePattern("*.weight"), NamePattern("a.*")], option: "--keep") == ["a.weight", "a.bias", "b.weight"])
        let error = #expect(throws: TrainingError.self) { _ = try file.names(matching: [NamePattern("*.wieght")], option: "--keep") }
        #expect(error?.description.contains("w.safetensors has no tensor --keep '*.wieght'; did you mean '*.weight'?") == true)
    }
}
