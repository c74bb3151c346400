import Graph
import Operators
import Passes
import Recipes
import Testing

@testable import Kernels

/// What depth, and kinks in a training step, leave of the default tolerance.
@Suite struct ResolvedNumericsTests {
    /// Convolutions of one weight behind one another.
    private static func network(depth: Int) -> Graph {
        let builder = GraphBuilder(name: "deep")
        var value = builder.input("x", TensorType(.f32, Shape([1, 16, 4, 4])))
        let weight = builder.parameter(Parameter("w", .weight, .form(.heNormal)), TensorType(.f32, Shape([16, 16, 3, 3])))
        for _ in 0..<depth {
            value = builder.apply(
                .convolution, [value, weight],
                ["channels": .integer(16), "kernel": .integers([3, 3]), "pad": .integers([1, 1]), "bias": .boolean(false)])
        }
        builder.output("loss", builder.apply(.sum, [value], ["axes": .integers([0, 1, 2, 3])]))
        return builder.finish()
    }

    private static func resolved(_ numerics: Numerics = .standard, depth: Int) -> Numerics {
        ResolvedNumerics(numerics, for: GraphFacts(network(depth: depth))).forward
    }

    @Test func deepNetworksAllowLess() {
        #expect(Self.resolved(depth: 50) == .standard)
        #expect(Self.resolved(depth: 70).largestError < 1.5e-6)
        // F(2x2, 3x3) is always allowed; F(4x4, 3x3) not in a network of a hundred layers.
        let deepest = Self.resolved(depth: 300).largestError
        #expect(deepest >= WinogradForm(outputs: [2, 2], taps: [3, 3]).error! && deepest < 1e-6)
        #expect(Self.resolved(.tolerance(5e-6), depth: 300) == .tolerance(5e-6))
        #expect(Self.resolved(.strict, depth: 300) == .strict)
    }

    @Test func trainingStepsAllowLessOnTheWayToTheLoss() throws {
        let facts = GraphFacts(
            try Pipeline.training.run(Self.network(depth: 22), PassContext(mode: .training, lanes: 8, recipe: TrainingRecipe())))
        let numerics = ResolvedNumerics(.standard, for: facts)
        let contractions = Group.all(of: facts).filter { $0.members.contains { facts.contraction(of: $0) != nil } }
        let forward = contractions.filter { $0.members.contains(where: facts.isForward) }
        #expect(forward.count == 22 && contractions.count == 65)
        #expect(forward.allSatisfy { numerics[$0] == numerics.forward })
        #expect(contractions.count { numerics[$0] == .standard } == contractions.count - forward.count)
        let error = numerics.forward.largestError
        #expect(
            error >= WinogradForm(outputs: [2, 4], taps: [3, 3]).error! && error < WinogradForm(outputs: [4, 4], taps: [3, 3]).error!)
    }
}
