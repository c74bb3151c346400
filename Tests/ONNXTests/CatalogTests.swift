import Foundation
import Graph
import Interchange
import Operators
import TestSupport
import Testing

@testable import ONNX

/// Every operator that networks can call, written as a model and read again.
@Suite struct CatalogTests {
    /// Operators of which ONNX has nothing, or whose examples need what it has not: positions over several axes, random numbers, fractions of
    /// pixels that no mode of `Resize` describes.
    private static let withoutModel: Set<String> = ["map", "max_pool_position", "max_unpool"]

    private static let cases: [(operation: Operator, example: OperatorExample)] = OperatorCatalog.standard.operators
        .filter { $0.isInLanguage && !withoutModel.contains($0.name) }
        .flatMap { operation in operation.examples.map { (operation, $0) } }

    @Test func operatorsGiveTheSameNumbers() throws {
        var (refused, count): ([String: Int], Int) = ([:], 0)
        for (operation, example) in Self.cases {
            let builder = GraphBuilder(name: "example")
            let operands = zip(example.signature.operands, example.values).enumerated().map { index, item in
                builder.input("x\(index)", item.0)
            }
            let result = try builder.append(operation, operands, example.signature.attributes, label: "layer")
            builder.output("y", result)
            let graph = builder.finish()
            let given = values(example)
            let expected = ReferenceEvaluator().run(graph, inputs: given).outputs["y"]
            let data: Data
            do {
                data = try ModelWriter(graph) { (parameter, _) throws(InterchangeError) in
                    throw InterchangeError("", "no parameter '\(parameter.name)'", repair: "")
                }.data(path: "example.onnx")
            } catch let error as ONNXError {
                refused[operation.name, default: 0] += 1
                #expect(!error.notes.isEmpty)
                continue
            }
            let network: ImportedNetwork
            do { network = try ImportedNetwork(data: data, path: "example.onnx") } catch {
                Issue.record("\(operation.name), \(example.note): \(error.message) \(error.notes)")
                continue
            }
            let results = network.run(
                Dictionary(
                    uniqueKeysWithValues: given.map { name, tensor in
                        let element = graph.nodes.first { $0.inputName == name }?.type.element
                        return (
                            name,
                            element == .i32
                                ? HostTensor(shape: tensor.extents, int32s: tensor.values.map { Int32($0) })
                                : HostTensor(shape: tensor.extents, doubles: tensor.values)
                        )
                    }))
            let found = try #require(results["y"])
            let distance = ReferenceTensor(found.shape, found.doubles).distance(to: try #require(expected))
            #expect(distance < 1e-5, "\(operation.name), \(example.note): \(distance)")
            count += 1
        }
        #expect(count > 250)
        // Examples that ONNX cannot express are refused by name, never written as something else.
        #expect(refused.keys.sorted() == Self.refused)
    }

    /// A form has one reader, and where newer operator sets say more, that of the newest goes first; what no data can say has rules of both directions.
    @Test func everyFormIsReadAndWritten() {
        var readers: [String: (operation: String, since: Int)] = [:]
        for operation in OperatorCatalog.standard.operators {
            for form in operation.onnx {
                #expect(ImportRule.named(form.name, domain: "", set: ImportRule.newestSet) != nil, "\(form.name) is not read")
                if form.isByRule {
                    #expect(ExportRule.all[operation.name] != nil, "\(operation.name) is not written")
                } else {
                    let newer = readers.updateValue((operation.name, form.since), forKey: form.name)
                    #expect(newer.map { $0.operation == operation.name } ?? true, "\(form.name) stands for two operators")
                    #expect(newer.map { $0.since > form.since } ?? true, "\(form.name) is never read as in the operator set \(form.since)")
                }
            }
        }
    }

    /// The page lists what models may have, as the rules do.
    @Test func pageListsTheRules() throws {
        let page = try String(contentsOf: Golden.root.appending(path: "docs/onnx.md"), encoding: .utf8)
        let section = try #require(page.split(separator: "<!-- operators: import -->").last?.split(separator: "<!-- end -->").first)
        let rows = section.split(separator: "\n").dropFirst(2)
        let listed = rows.flatMap {
            $0.split(separator: "|")[1].split(separator: ",").map { $0.trimmingPrefix(" ").split(separator: " ")[0] }
        }
        let known = Set(ImportRule.all.map(\.name))
        #expect(Set(listed.map(String.init)).symmetricDifference(known).sorted() == [])
    }

    /// Whatever is read has a row that says what elements its inputs are of, and one only.
    @Test func everyOperatorsOperandsHaveKinds() {
        let listed = OperandKinds.operators
        #expect(Set(listed).count == listed.count)
        #expect(Set(listed).symmetricDifference(ImportRule.all.map(\.name)).sorted() == [])
    }

    private static let refused = [
        "adaptive_avg_pool", "adaptive_max_pool", "argmax", "argmin", "cross_entropy", "local_response_norm", "pixel_shuffle", "resize",
    ]

    private func values(_ example: OperatorExample) -> [String: ReferenceTensor] {
        var random = SplitMix(seed: 5)
        var given: [String: ReferenceTensor] = [:]
        for (index, (type, kind)) in zip(example.signature.operands, example.values).enumerated() {
            let extents = type.shape.extents ?? []
            let numbers = (0..<extents.reduce(1, *)).map { _ -> Double in
                switch kind {
                case .normal: Double(Float(random.normal()))
                case .positive: Double(Float.random(in: 0.5...2, using: &random))
                case .labels(let below): Double(Int.random(in: 0..<below, using: &random))
                }
            }
            given["x\(index)"] = ReferenceTensor(extents, numbers)
        }
        return given
    }
}
