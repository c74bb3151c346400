import Compiler
import Foundation
import Graph
import Testing

@testable import Analysis

private func describe(_ name: String, _ definitions: [String: String] = [:]) throws -> NetworkDescription {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Drawings/\(name).braid").path
    return try NetworkDescription(Network.load(path, definitions: definitions))
}

/// Describes a network whose body is `body`, with an input `image`.
private func describe(body: String, image: String = "f32[N, 3, 64, 64]") throws -> NetworkDescription {
    let path = NSTemporaryDirectory() + "/braid-description-\(UUID().uuidString).braid"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "network small {\n    input image: \(image)\n    \(body)\n}\n".write(toFile: path, atomically: true, encoding: .utf8)
    return try NetworkDescription(Network.load(path))
}

@Suite struct DescriptionTests {
    /// A network that computes with its images is looked at for the fewest that it takes.
    @Test func batchesThatOneImageDoesNotFit() throws {
        let network = try describe(body: "output rest = image |> slice(axis: 0, start: 1, count: -1)")
        #expect(network.layers.map(\.operation) == ["slice"])
        let three = try describe(body: "output rest = image |> slice(axis: 0, start: 3, count: -1) |> relu")
        #expect(three.layers.map(\.operation) == ["slice", "relu"])
        #expect(three.batch == 4 && three.layers.map(\.activationBytes) == [49152, 49152])
    }

    /// The fields of ResNet-50's first layers, which Araujo et al., "Computing Receptive Fields" (Distill 2019), derive in closed form:
    /// `size + (kernel - 1) * stride` for each layer, strides multiplied.
    @Test func receptiveFieldsOfAResidualNetwork() throws {
        let network = try describe("residual")
        func field(_ label: String) throws -> ReceptiveField.Extent? {
            let layer = network.layers.last { $0.label == label }
            return try #require(layer?.receptiveField, "\(label)").extents[0]
        }
        let expected: [(String, Double, Double)] = [
            ("conv1", 7, 2), ("bn1", 7, 2), ("layer1.0.conv1", 11, 4), ("layer1.0.conv2", 19, 4), ("layer1.0.downsample.0", 11, 4),
            ("layer1.0.add", 19, 4), ("layer1.1.conv2", 27, 4), ("layer2.0.conv2", 35, 8), ("layer2.0.downsample.0", 27, 8),
            ("layer2.1.relu", 51, 8),
        ]
        for (label, size, stride) in expected {
            let extent = try field(label)
            #expect(extent?.size == size && extent?.stride == stride, "\(label): \(String(describing: extent))")
        }
        #expect(try field("fc") == nil, "a classifier sees the whole image")
        #expect(network.layers.allSatisfy { ($0.receptiveField?.isWhole ?? true) == ($0.type.rank != 4 || $0.type.shape[2] == 1) })
    }

    @Test(arguments: [
        ("c: conv(4, (3, 5), stride: (2, 1), dilation: (2, 3))", 5, 13, 2, 1), ("c: conv(3, 3, pad: 1, groups: 3)", 3, 3, 1, 1),
        ("c: conv(6, 3, groups: 3)", 3, 3, 1, 1), ("max_pool(3, stride: 2) |> c: conv(4, 3)", 7, 7, 2, 2),
        ("avg_pool(2) |> avg_pool(2)", 4, 4, 4, 4), ("slice(2, 4, 8) |> softmax", 1, 1, 1, 1), ("n: batchnorm |> relu", 1, 1, 1, 1),
    ])
    func receptiveFieldsFollowFromTheReads(steps: String, height: Double, width: Double, down: Double, right: Double) throws {
        let field = try #require(try describe(body: "output y = image |> \(steps)").layers.last?.receptiveField)
        #expect(field.extents.map { $0?.size } == [height, width] && field.extents.map { $0?.stride } == [down, right], "\(field)")
    }

    /// Along the length of signals; none of volumes.
    @Test func signalsHaveFields() throws {
        let signal = try describe(body: "output y = image |> c: conv(4, 5, stride: 2) |> max_pool(3)", image: "f32[N, 1, 64]").layers.last
        #expect(signal?.receptiveField?.extents.map { $0?.size } == [9] && signal?.receptiveField?.extents.map { $0?.stride } == [6])
        let volume = try describe(
            body: "output y = image |> c: conv(4, (3, 1, 5), stride: (1, 2, 1)) |> relu", image: "f32[N, 1, 8, 16, 16]"
        ).layers.last
        #expect(volume?.receptiveField == nil)
    }

    /// A squeeze sees everything, and so does what it scales.
    @Test func scalesSeeTheWholeImage() throws {
        let network = try describe(body: "output y = image * (image |> global_avg_pool |> s: conv(3, 1) |> sigmoid)")
        #expect(network.layers.map { $0.receptiveField?.isWhole } == [true, true, true, true])
        #expect(network.layers.map(\.kind) == [.window, .contraction, .activation, .join])
    }

    /// Sixty strides of a million: nothing overflows.
    @Test func strideAfterStrideStops() throws {
        let steps = (0..<60).map { "c\($0): conv(1, 1, stride: 1048576)" }.joined(separator: " |> ")
        let layer = try describe(body: "output y = image |> \(steps) |> last: conv(1, 3, pad: 1)").layers.last
        let field = try #require(layer?.receptiveField?.extents.first ?? nil)
        #expect(field.size.isFinite && field.stride == 1e15)
    }

    @Test func countsStopAtTheLargest() throws {
        let steps = "c: conv(1, 524288, stride: 1, pad: 262144)"
        let network = try describe(body: "output y = image |> \(steps)", image: "f32[N, 1, 524288, 524288]")
        #expect(network.macs == .max && network.blocks.root.macs == .max)
    }

    /// A network that computes with the number of its images, and takes none that is tried, is told of by an error; rules do not look at it.
    @Test func batchesThatDoNotFitAreRefused() throws {
        let network = try Network.read(
            """
            network cut {
                input image: f32[N, 3, 4, 8]
                output y = image |> permute((1, 2, 0, 3)) |> pad((-524289, 0, 3, 2), mode: "reflect")
            }
            """, path: "cut.braid")
        let message = "with N = 1, 'pad' cuts off all of axis 2 of f32[3, 4, 1, 8]"
        for batch in [1, 4] {
            let error = try #require(throws: CompilerError.self) { _ = try NetworkDescription(network, batch: batch) }
            #expect(error.diagnostics.map(\.message) == [message])
        }
        let error = try #require(throws: CompilerError.self) { _ = try network.lintSubject() }
        #expect(error.diagnostics.map(\.message) == ["with N = 32, 'pad' cuts off all of axis 2 of f32[3, 4, 32, 8]"])
    }

    @Test func nodesAreCountedAlone() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Drawings/residual.braid").path
        let network = try Network.load(path)
        let alone = network.graph.values.map { NetworkDescription.macs(of: $0, in: network.graph) }
        #expect(try alone.reduce(0, +) == NetworkDescription(network).macs && alone.contains(64 * 112 * 112 * 3 * 49))
    }

    @Test func rowsHaveNoField() throws {
        let network = try describe(body: "output y = image |> fc: linear(3)", image: "f32[N, 8]")
        #expect(network.layers.map(\.receptiveField) == [nil] && network.macs == 24)
    }

    @Test(arguments: [
        ("c: conv(8, 3, stride: 2, pad: 1)", "conv 3x3/2, 8"), ("c: conv(8, (1, 7), pad: (0, 3), bias: false)", "conv 1x7, 8"),
        ("c: conv(6, 3, groups: 3, dilation: 2)", "conv 3x3, 6, dilation 2, groups 3"), ("max_pool(2)", "max_pool 2x2/2"),
        ("avg_pool(3, stride: 1, pad: 1)", "avg_pool 3x3"), ("flatten |> c: linear(7)", "linear 7"), ("dropout(0.25)", "dropout"),
        ("slice(1, 0, 2)", "slice start 0, count 2"), ("leaky_relu(0.1)", "leaky_relu"), ("n: batchnorm(epsilon: 0.01)", "batchnorm"),
    ])
    func summarizesOperators(step: String, summary: String) throws {
        #expect(try describe(body: "output y = image |> \(step)").layers.last?.summary == summary)
    }

    /// Every layer lies in one block, sums agree, and names and types are those of the source.
    @Test(arguments: ["residual", "inception", "two_sided"]) func blocksNest(name: String) throws {
        let network = try describe(name)
        let tree = network.blocks
        var seen = [Int](repeating: 0, count: network.layers.count)
        for (index, block) in tree.blocks.enumerated() {
            for case .layer(let layer) in block.children {
                seen[layer] += 1
                #expect(tree.blockOfLayer[layer] == index)
                let label = network.layers[layer].label
                #expect(label.isEmpty || block.label.isEmpty || label.hasPrefix(block.label + "."))
            }
            for case .block(let child) in block.children {
                #expect(tree.blocks[child].parent == index && tree.blocks[child].depth == block.depth + 1)
            }
            #expect(block.parameters == block.layers.reduce(0) { $0 + network.layers[$1].parameters })
            #expect(block.children.count > 1 || index == 0)
        }
        #expect(seen.allSatisfy { $0 == 1 })
        #expect(tree.root.macs == network.macs && tree.root.activationBytes == network.activationBytes)
    }

    @Test func blocksKnowTheirNamesAndResults() throws {
        let tree = try describe("residual").blocks
        let named = Dictionary(uniqueKeysWithValues: tree.blocks.map { ($0.label, $0) })
        #expect(named["layer2.0"]?.name == "bottleneck" && named["layer2"]?.name == nil)
        #expect(named["layer2.0.downsample"]?.name == nil && named["layer2.0.downsample"]?.layers.count == 2)
        #expect(named["layer2"]?.type == .f32(.symbol("N"), 512, 28, 28))
        // A bottleneck: 1x1, 3x3, 1x1 and their normalizations (He et al.'s second stage without a projection).
        #expect(named["layer1.1"]?.parameters == 256 * 64 + 64 * 64 * 9 + 64 * 256 + 2 * (64 + 64 + 256))
    }

    /// A hundred labels deep, and labels that are each other's beginnings.
    @Test func strangeLabelsNest() throws {
        let deep = (0..<100).map { "a\($0)" }.joined(separator: ".")
        let network = try describe(
            body: "output y = image |> \(deep).x: conv(3, 1) |> \(deep).y: conv(3, 1) |> a0: conv(3, 1) |> relu |> a0.z: conv(3, 1)")
        #expect(network.blocks.blocks.allSatisfy { $0.depth <= BlockTree.maximumDepth })
        #expect(network.blocks.blocks.map(\.layers.count) == [5, 3, 2])
    }

    /// More than 3000 layers are described in an instant: the same layers are analyzed once.
    @Test func deepNetworksAreDescribedFast() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Drawings/residual.braid").path
        let network = try Network.load(path, definitions: ["depths": "160"])
        let start = ContinuousClock.now
        let description = try NetworkDescription(network)
        #expect(description.layers.count > 3000)
        // A tenth of this in release builds; debug builds on busy machines are slow.
        #expect(ContinuousClock.now - start < .seconds(10))
    }
}
