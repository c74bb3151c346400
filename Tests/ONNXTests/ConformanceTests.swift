import Foundation
import Graph
import Interchange
import Testing

@testable import ONNX

/// The backend tests of ONNX that a compiler of convolutional networks in f32 should pass, in fp64.
@Suite(.enabled(if: SharedCases.isPresent, SharedCases.whyNot)) struct ConformanceTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("braid-onnx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let unpack = Process()
        unpack.executableURL = URL(fileURLWithPath: "/bin/tar")
        unpack.arguments = ["xzf", SharedCases.folder.appendingPathComponent("onnx_open.tar.gz").path, "-C", folder.path]
        try unpack.run()
        unpack.waitUntilExit()
    }

    /// All at once, since unpacking takes longer than a case: those that should pass do, and of all others none gives a wrong number.
    @Test func casesPassOrAreNamedUnsupported() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let wanted = Set(
            try String(contentsOf: SharedCases.folder.appendingPathComponent("tier_a.txt"), encoding: .utf8).split(separator: "\n").map(
                String.init))
        #expect(wanted.count == 324)
        var (passed, checked) = (0, 0)
        for kind in try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("open").path).sorted() {
            let cases = folder.appendingPathComponent("open/\(kind)")
            for name in try FileManager.default.contentsOfDirectory(atPath: cases.path).sorted() {
                checked += 1
                for isFolded in [false, true] {
                    do {
                        let difference = try difference(cases.appendingPathComponent(name), isFolded: isFolded)
                        if let difference { Issue.record("\(kind)/\(name), weights \(isFolded ? "in the model" : "given"): \(difference)") }
                        if difference == nil, wanted.contains("\(kind)/\(name)") { passed += 1 }
                    } catch let error as ONNXError {
                        if wanted.contains("\(kind)/\(name)") { Issue.record("\(kind)/\(name): \(error.message) \(error.notes)") }
                    }
                }
            }
        }
        #expect(checked == 540)
        #expect(passed == 2 * 324)
    }

    /// What is wrong with the results of a case; nil where nothing is. Throws where the model is refused.
    private func difference(_ url: URL, isFolded: Bool) throws -> String? {
        let data = url.appendingPathComponent("test_data_set_0")
        var wire = try WireModel(serializedBytes: try Data(contentsOf: url.appendingPathComponent("model.onnx")))
        let initializers = Set(wire.graph.initializer.map(\.name))
        let files = try FileManager.default.contentsOfDirectory(atPath: data.path)
        let inputCount = files.count { $0.hasPrefix("input_") }
        var names = wire.graph.input.map(\.name)
        if inputCount != names.count { names.removeAll { initializers.contains($0) } }
        let reader = TensorReader(path: url.path)
        var given: [String: HostTensor] = [:]
        for index in 0..<inputCount {
            let tensor = try WireTensor(serializedBytes: try Data(contentsOf: data.appendingPathComponent("input_\(index).pb")))
            let name = names.contains(tensor.name) ? tensor.name : names[index]
            if isFolded, index > 0 {
                var initializer = tensor
                initializer.name = name
                wire.graph.initializer.append(initializer)
                continue
            }
            do { given[name] = try reader.tensor(tensor) } catch let fault {
                throw ONNXError(url.path, fault.message, repair: "")
            }
        }
        let network = try ImportedNetwork(data: try wire.serializedBytes(), path: url.path, given: given)
        let results = network.run(given)
        for (index, output) in wire.graph.output.enumerated() {
            let expected = try WireTensor(serializedBytes: try Data(contentsOf: data.appendingPathComponent("output_\(index).pb")))
            let wanted: HostTensor
            do { wanted = try reader.tensor(expected) } catch let fault {
                throw ONNXError(url.path, fault.message, repair: "")
            }
            guard let result = results[output.name] else { return "the output '\(output.name)' is missing" }
            guard result.shape == wanted.shape, result.element == wanted.element else {
                return "the output '\(output.name)' is \(result.element) \(result.shape), not \(wanted.element) \(wanted.shape)"
            }
            for (place, (a, b)) in zip(result.doubles, wanted.doubles).enumerated()
            where !(a == b || a.isNaN && b.isNaN || abs(a - b) <= 1e-5 + 1e-3 * abs(b)) {
                return "element \(place) of '\(output.name)' is \(a), not \(b)"
            }
        }
        return nil
    }
}
