import Foundation
import Interchange
import Runtime
import Testing
import Training

@testable import Compiler

/// Parameters that begin with the values of a file.
@Suite struct InitialValuesTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "braid-initial-\(UUID().uuidString)")

    /// A network in a file of its own, and the training step of it.
    private func start(_ initialize: String) throws -> Executable {
        let file = folder.appending(path: "n.braid").path
        let text = """
            network n {
                input image: f32[N, 3]
                output logits = image |> encoder.a: linear(4) |> relu |> encoder.b: linear(4) |> relu |> fc: linear(2)
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd(momentum: 0.9)
                schedule constant(0.1)
                initialize \(initialize)
            }
            """
        let network = try Network.read(text, path: file)
        let step = try Compiler(cache: nil, threads: 1).executable(network, training: true, batch: 2, pool: ThreadPool(threads: 1))
        try network.initialize(step, seed: 1)
        return step
    }

    private func write(_ tensors: [HostTensor], to name: String = "pre.safetensors") throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Safetensors.write(tensors, to: folder.appending(path: name).path)
    }

    @Test func takesWhatMatches() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let names = [("encoder.a.weight", [4, 3]), ("encoder.a.bias", [4]), ("encoder.b.weight", [4, 4]), ("fc.weight", [9, 9])]
        let tensors = names.enumerated().map { index, entry in
            let count = entry.1.reduce(1, *)
            return HostTensor(name: entry.0, shape: entry.1, floats: (0..<count).map { Float($0 + 100 * index) })
        }
        try write(tensors)
        let step = try start("\"encoder.*\": from(\"pre.safetensors\"), \"*.b.bias\": ones, \"fc.bias\": zeros")
        for tensor in tensors.prefix(3) {
            let values = try step.parameter(tensor.name, as: Float.self)
            #expect(
                values.count == tensor.shape.reduce(1, *)
                    && values.first == Float(100 * (tensor.name == "encoder.a.weight" ? 0 : tensor.name == "encoder.a.bias" ? 1 : 2)))
            #expect(zip(values, values.dropFirst()).allSatisfy { $1 == $0 + 1 }, "\(tensor.name)")
        }
        #expect(try step.parameter("encoder.b.bias", as: Float.self) == [1, 1, 1, 1])
        #expect(try step.parameter("fc.bias", as: Float.self) == [0, 0])
        #expect(try Set(step.parameter("fc.weight", as: Float.self)).count == 8, "random as ever")
    }

    @Test func saysWhatDoesNotFit() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try write([HostTensor(name: "encoder.a.weight", shape: [3, 4], floats: [Float](repeating: 0, count: 12))])
        try Data("no tensors".utf8).write(to: folder.appending(path: "text"))
        func check(_ initialize: String, _ expected: String..., sourceLocation: SourceLocation = #_sourceLocation) {
            let error = #expect(throws: CompilerError.self, sourceLocation: sourceLocation) { try start(initialize) }
            let text = error?.text() ?? ""
            for part in expected + ["n.braid:10:"] { #expect(text.contains(part), "\(text)", sourceLocation: sourceLocation) }
        }
        check("\"encoder.*\": from(\"pre.safetensors\")", "`encoder.a.weight` is [3, 4] there, but [4, 3] in this network", "same widths")
        check("\"fc.bias\": from(\"pre.safetensors\")", "it has no `fc.bias`", "name those parameters alone that it has")
        check("\"fc.bias\": from(\"none.safetensors\")", "there is no such file", "write its path as seen from the file that names it")
        check("\"fc.bias\": from(\"text\")", "cannot read `")
        check("\"fc.bias\": from(\".\")", "there is no such file")
    }
}
