import Foundation
import Graph
import Machine
import Operators
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Convolutions whose results are wanted with their exact zeros and signs are summed directly, and others as fast as they can be.
@Suite struct SignTests {
    /// A convolution that leaves its input as it is, so that the next one reads what a kernel made, and one of positive weights.
    private static func source(_ rest: String) -> String {
        """
        network signs {
            input x: f32[N, 64, 56, 56]
            output y = x |> p: conv(64, 1, bias: false) |> c: conv(64, 3, pad: 1, bias: false)\(rest)
        }
        """
    }

    private static func random(_ count: Int, seed: Int) -> [Float] {
        var random = SplitMix(seed: seed)
        return (0..<count).map { _ in Float(abs(random.normal())) }
    }

    /// The algorithm of `c`, and what the network makes of an image.
    private func run(_ rest: String, _ image: [Float]) throws -> (algorithm: String, result: [Float]) {
        let network = try Network.read(Self.source(rest), path: "signs.braid")
        let compiler = Compiler(target: .host, cache: nil, threads: 2)
        let executable = try compiler.executable(network, batch: 1, pool: ThreadPool(threads: 2))
        var identity = [Double](repeating: 0, count: 64 * 64)
        for channel in 0..<64 { identity[channel * 65] = 1 }
        executable.setParameters(
            from: GivenParameters([
                "p.weight": ReferenceTensor([64, 64, 1, 1], identity),
                "c.weight": ReferenceTensor([64, 64, 3, 3], Self.random(64 * 64 * 9, seed: 1).map(Double.init)),
            ]))
        try executable.setInput("x", to: image)
        executable.run()
        let step = try #require(executable.plan.steps.last { $0.summary.contains("c conv") })
        return (try #require(step.choice).chosen.algorithm, try executable.output("y"))
    }

    /// An image that is 0 but for a patch of large numbers in the rows and columns 10 to 13.
    private static let patch: [Float] = {
        var image = [Float](repeating: 0, count: 64 * 56 * 56)
        let numbers = random(64 * 16, seed: 2)
        for (index, number) in numbers.enumerated() {
            image[(index / 16) * 56 * 56 + (10 + index % 16 / 4) * 56 + 10 + index % 4] = 1000 * number
        }
        return image
    }()

    @Test(arguments: ["", " |> sqrt", " |> max_pool(1) |> sqrt", " |> slice(axis: 1, start: 0, count: 64) |> sqrt"])
    func zerosStayZero(rest: String) throws {
        let (algorithm, result) = try run(rest, Self.patch)
        #expect(algorithm == "direct")
        for (index, value) in result.enumerated() {
            let (row, column) = (index / 56 % 56, index % 56)
            let seesThePatch = (9...14).contains(row) && (9...14).contains(column)
            #expect(seesThePatch ? value > 0 : value == 0, "\(value) at \(row), \(column)")
        }
    }

    @Test func whatIsNoNumberReachesNoFartherThanTheTaps() throws {
        var image = Self.random(64 * 56 * 56, seed: 3)
        for (element, largest) in [(Float.nan, Float(0)), (1e6, 1e-2)] {
            image[(5 * 56 + 20) * 56 + 20] = element
            let (algorithm, result) = try run("", image)
            #expect(algorithm == "direct")
            image[(5 * 56 + 20) * 56 + 20] = 0
            let without = try run("", image).result
            for index in result.indices where !((19...21).contains(index / 56 % 56) && (19...21).contains(index % 56)) {
                #expect(abs(result[index] - without[index]) <= largest)
            }
            if element.isNaN { #expect(result.filter(\.isNaN).count == 9 * 64) }
        }
    }

    /// An activation that leaves signs as they are is no clamp, however it is written, nor are such ones between convolutions.
    @Test(
        arguments: [
            "leaky_relu", "elu", "selu", "celu", "slope: prelu", "tanh", "silu", "gelu", "mish", "softsign", "hard_tanh", "written",
            "greatest", "reversed", "scaled", "shrunk",
        ],
        ["", " |> sqrt", " |> q: conv(64, 1) |> sqrt"])
    func activationsOfBothSignsAreNoClamps(activation: String, rest: String) throws {
        let definitions = """
            activation written(x) = if x > 0 { x } else { 0.1 * x }
            activation greatest(x) = maximum(x, 0.1 * x)
            activation reversed(x) = if 0 > x { 2 * x } else { x }
            activation scaled(x) = if x * 2 > 0 { x } else { 0.1 * x }
            activation shrunk(x) = if x > 0.5 { x - 0.5 } else if x < -0.5 { x + 0.5 } else { 0 }

            """
        let network = try Network.read(definitions + Self.source(" |> \(activation)\(rest)"), path: "signs.braid")
        let plan = try Compiler(target: .x86AVX512, cache: nil, threads: 1).plan(network, batch: 1)
        let step = try #require(plan.steps.last { $0.summary.contains("c conv") })
        #expect(step.choice?.chosen.algorithm == "direct")
    }

    /// Behind a clamp signs do not matter.
    @Test(arguments: [
        " |> relu", " |> relu |> sqrt", " |> relu |> max_pool(2)", " |> relu |> q: conv(64, 1) |> sqrt", " |> sigmoid",
        " |> sigmoid |> sqrt", " |> leaky_relu |> last: conv(8, 1)",
    ])
    func othersMayBeFast(rest: String) throws {
        let network = try Network.read(Self.source(rest), path: "signs.braid")
        let plan = try Compiler(target: .x86AVX512, cache: nil, threads: 1).plan(network, batch: 1)
        let step = try #require(plan.steps.last { $0.summary.contains("c conv") })
        #expect(step.choice?.chosen.algorithm.hasPrefix("Winograd") == true, "\(step.choice?.chosen.algorithm ?? "none")")
    }

    /// The reason stands beside the forms that were rejected, and the mark in the graph's text.
    @Test func theChoiceSaysWhy() throws {
        let compiler = Compiler(target: .x86AVX512, cache: nil, threads: 1)
        let network = try Network.read(Self.source(" |> sqrt"), path: "signs.braid")
        let step = try #require(compiler.plan(network, batch: 1).steps.last { $0.summary.contains("c conv") })
        let rejected = try #require(step.choice).rejected
        #expect(!rejected.isEmpty && rejected.allSatisfy { $0.reason == "zeros and signs of the result matter" })
        let text = try compiler.optimize(network).text()
        #expect(text.split(separator: "\n").contains { $0.contains(" conv(") && $0.contains(" direct") && $0.hasSuffix("# c") })
        let read = try Network.read(text, path: "printed")
        #expect(read.origin == .optimized)
        #expect(try compiler.optimize(read).text() == text)
        // What the passes do not decide on is refused, as other annotations are.
        let unmarked = try Network.read(text.replacing(" direct", with: ""), path: "edited")
        #expect(throws: CompilerError.self) { try compiler.optimize(unmarked) }
    }

    /// Activations let signs be: no network of usual layers is slower for this.
    @Test func usualNetworksHaveOnlyTheirOutputsMarked() throws {
        for name in ["alexnet", "vgg", "resnet", "googlenet", "inception_v3", "mnist_resnet"] {
            let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../graphs/\(name).braid").standardized.path
            for network in try Network.program(path).networks.map(\.name.text) {
                let graph = try Compiler(target: .x86AVX512, cache: nil, threads: 1).optimize(Network.load(path, name: network))
                #expect(graph.nodes.allSatisfy { !$0.isDirect }, "\(network)")
            }
        }
    }
}
