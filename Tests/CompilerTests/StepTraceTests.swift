import Operators
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Where a training step leaves the finite numbers.
@Suite struct StepTraceTests {
    private static let text = """
        network n {
            input image: f32[N, 1, 2, 3]
            output y = image |> a: conv(1, 1, bias: false) |> b: conv(1, 1, bias: false) |> c: conv(1, 1, bias: false)
        }
        training of n {
            target goal: f32[N, 1, 2, 3]
            loss mean_absolute_error(y, goal)
            optimizer sgd
            schedule constant(rate: 1)
        }
        """

    /// What is said where all weights are one number.
    private static func notes(image: Float, weights: Double, rate: Float) throws -> [String]? {
        let compiler = Compiler(cache: nil, threads: 1)
        let trace = try compiler.trace(try Network.read(text, path: "n.braid"), batch: 2, pool: ThreadPool(threads: 1))
        let program = trace.executable
        let parameters = ["a", "b", "c"].map { ("\($0).weight", ReferenceTensor([1, 1, 1, 1], [weights])) }
        program.setParameters(from: GivenParameters(Dictionary(uniqueKeysWithValues: parameters)))
        try program.setInput("image", to: [Float](repeating: image, count: 12))
        try program.setInput("goal", to: [Float](repeating: 0, count: 12))
        try program.setInput("learning_rate", to: [rate])
        program.run()
        guard let error = trace.firstNonFinite("it broke", inStep: 7, help: "mend it") else { return nil }
        let diagnostic = error.diagnostics[0]
        #expect(diagnostic.message == "it broke" && diagnostic.help == "mend it")
        let place = try #require(error.text().split(separator: "\n").first { $0.contains("-->") })
        return [String(place)] + diagnostic.notes
    }

    @Test func namesTheFirstTensor() throws {
        #expect(try Self.notes(image: 1, weights: 2, rate: 1) == nil)
        // 1e10, 1e30, 1e50.
        let forward = try #require(try Self.notes(image: 1e-10, weights: 1e20, rate: 1))
        #expect(forward[0].contains("n.braid:3:88"), "\(forward)")
        #expect(
            forward[1].hasPrefix("it begins in step 7, on the way to the loss, in conv of 'c' (%")
                && forward[1].contains("`): 12 of 12 values are no finite numbers, the first at [0, 0, 0, 0]"), "\(forward)")
        #expect(forward[2].hasSuffix("of 'b' up to 1e+30, the weight 'c.weight' up to 1e+20"), "\(forward)")
        // The result is 1e30, but the gradient of what 'a' makes is 1e40 / 12.
        let back = try #require(try Self.notes(image: 1e-30, weights: 1e20, rate: 1))
        #expect(back[0].contains("n.braid:3:") && back[1].contains("step 7, on the way back from the loss, in conv"), "\(back)")
        // Gradients are 1 / 12 and a rate of 1e38 is finite, too, but 1e38 * 16e30 is not.
        let update = try #require(try Self.notes(image: 4e30, weights: 2, rate: 1e38))
        #expect(update[1].contains("step 7, in the update of the parameters, in "), "\(update)")
    }

    /// There are 2^40 ways through a network of 40 residual sums.
    @Test func manyWaysAreNoWork() throws {
        let text = """
            network n {
                input image: f32[N, 1, 1, 1]
                var x = image
                for i in 0..<40 { x = x + (x |> a{i}: conv(1, 1, bias: false)) }
                output y = x
            }
            training of n { target goal: f32[N, 1, 1, 1]; loss mean_absolute_error(y, goal); optimizer sgd; schedule constant(rate: 1) }
            """
        let compiler = Compiler(cache: nil, threads: 1)
        let trace = try compiler.trace(try Network.read(text, path: "n.braid"), batch: 1, pool: ThreadPool(threads: 1))
        let parameters = (0..<40).map { ("a\($0).weight", ReferenceTensor([1, 1, 1, 1], [0])) }
        trace.executable.setParameters(from: GivenParameters(Dictionary(uniqueKeysWithValues: parameters)))
        for (name, value) in [("image", Float(1e30)), ("goal", 0), ("learning_rate", 1e30)] {
            try trace.executable.setInput(name, to: [value])
        }
        trace.executable.run()
        let error = try #require(trace.firstNonFinite("it broke", inStep: 1, help: "mend it"))
        #expect(error.diagnostics[0].notes[0].contains("in the update of the parameters"), "\(error)")
    }
}
