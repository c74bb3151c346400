import CompiledC
import Foreign
import Foundation
import Graph
import Kernels
import LoopNest
import Operators
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Operators in C: a bilateral filter, deformable sampling, and gates that all pictures share.
@Suite(
    .enabled(
        if: CLoader().isAvailable && ArrayFunction.isClangInstalled, "clang is not installed: apt-get install clang-19 libclang-19-dev"))
struct ForeignOperatorTests {
    static let folder = Golden.folder("Cases", beside: #filePath)
    private static let operators = """
        operator bilateral(image: f32[N, C, H, W], radius = 1, space = 1.5, range = 0.5): f32[N, C, H, W] = extern "operators.c" bilateral,
            gradient bilateral_gradient
        operator deform(image: f32[N, C, H, W], offsets: f32[N, 2, H, W]): f32[N, C, H, W] = extern "operators.c" deform,
            gradient deform_gradient
        operator gate(image: f32[N, C, H, W], gates: f32[C]): f32[N, C, H, W] = extern "operators.c" gate, gradient gate_gradient
        operator gate_forward(image: f32[N, C, H, W], gates: f32[C]): f32[N, C, H, W] = extern "operators.c" gate

        """

    static func network(_ body: String) throws -> Network {
        try Network.read(operators + body, path: folder.appending(path: "net.braid").path)
    }

    /// A network that trains through all of them, on maps in blocks of channels.
    static func small() throws -> Network {
        try network(
            """
            network small {
                input image: f32[N, 3, 8, 10]
                parameter gates: f32[5] = 0.5
                let a = image |> stem: conv(5, 3, pad: 1) |> bilateral |> relu
                let offsets = a |> offset: conv(2, 3, pad: 1)
                let b = deform(a, offsets) |> bn: batchnorm
                let c = concat(gate(b, gates), a) |> second: conv(4, 3, pad: 1) |> bilateral(range: 2)
                output logits = c |> global_avg_pool |> flatten |> fc: linear(3)
            }
            training of small { target label: i32[N]; loss cross_entropy(logits, label); optimizer sgd(momentum: 0.9); schedule constant(rate: 0.1, epochs: 1) }

            """)
    }

    /// Numbers of PyTorch in f64: the filter written with loops, and `grid_sample(…, align_corners=True)`.
    private static let known: [(body: String, inputs: [String: ReferenceTensor], values: [Double], gradients: [String: [Double]])] = [
        (
            "network k { input x: f32[N, 1, 3, 3]; output y = x |> bilateral }",
            ["x": tensor([1, 1, 3, 3], (0..<9).map { Double($0 * $0 % 7) / 4 })],
            [0.2378514, 0.3928821, 0.8410272, 0.3086511, 0.4147058, 0.7604264, 0.2974835, 0.2599929, 0.3130887],
            ["x": [1.067172, 2.193193, 3.619522, 4.565053, 8.017966, 4.138388, 6.253652, 6.686321, 8.458732]]
        ),
        (
            "network k { input x: f32[N, 2, 3, 3]; input o: f32[N, 2, 3, 3]; output y = deform(x, o) }",
            [
                "x": tensor([1, 2, 3, 3], (0..<18).map { Double($0 * $0 % 7) / 4 }),
                "o": tensor(
                    [1, 2, 3, 3],
                    [0.25, -0.5, 1.5, 0.75, 0.1, -0.3, 2.5, -1.25, 0.4, 0.5, -1.75, 0.2, 0.35, 0.6, -0.9, 0.1, 1.2, -2.6]),
            ],
            [
                0.21875, 0.0, 0.5, 0.246875, 0.735, 0.4825, 0.0, 0.8, 0.06, 0.71875, 0.125, 0.2, 0.56875, 0.16, 0.3075, 0.0, 0.1, 0.06,
            ],
            [
                "x": [
                    0.625, 1.995, 1.78, 0.775, 6.055, 9.12, 4.11, 1.25, 1.5, 5.125, 7.8, 3.85, 3.3625, 16.8775, 23.61, 10.6575, 3.9725,
                    5.64,
                ],
                "o": [
                    -0.875, 2.75, 3.0, -4.275, 5.15, -2.775, 0.0, -6.8, -2.7, -5.4375, 5.5, -4.875, 4.125, -1.475, 0.825, 0.0, -10.125,
                    4.05,
                ],
            ]
        ),
    ]

    private static func tensor(_ extents: [Int], _ values: [Double]) -> ReferenceTensor { ReferenceTensor(extents, values) }

    /// Values, and the gradients of the sum of all elements times 1, 2, 3, …
    @Test(arguments: 0..<2) func computesKnownNumbers(number: Int) throws {
        let (body, inputs, values, gradients) = Self.known[number]
        let graph = try Self.network(body).graph.bound(["N": 1])
        let found = ReferenceEvaluator().run(graph, inputs: inputs).outputs["y"]
        for (a, b) in zip(try #require(found).values, values) { #expect(abs(a - b) < 1e-6) }
        let builder = GraphBuilder(name: "gradients")
        let operands = graph.nodes.filter { $0.inputName != nil }.map { builder.input($0.inputName ?? "", $0.type) }
        let node = try #require(graph.nodes.first { $0.operation != nil })
        let y = builder.apply(try #require(node.operation), operands, node.attributes)
        let weights = ConstantTensor((1...values.count).map(Float.init))
        let loss = builder.apply(
            .sum, builder.apply(.multiply, y, builder.tensor(weights, node.type.shape)), attributes: ["axes": .integers([0, 1, 2, 3])])
        for (operand, gradient) in zip(operands, builder.gradients(of: loss, withRespectTo: operands)) {
            builder.output("d" + (builder.graph[operand].inputName ?? ""), gradient)
        }
        let result = ReferenceEvaluator().run(builder.finish(), inputs: inputs)
        for (name, expected) in gradients {
            for (a, b) in zip(try #require(result.outputs["d" + name]).values, expected) { #expect(abs(a - b) < 1e-5, "\(name)") }
        }
    }

    /// Reference, interpreter and machine code agree on the whole network and on its training step, whatever the threads and vectors.
    @Test(arguments: [false, true], [Target.host, .x86AVX2]) func machineCodeAgrees(training: Bool, target: Target) throws {
        let network = try Self.small()
        let graph = training ? try #require(network.training).graph : network.graph
        try expectAgreement(of: graph.bound(["N": 3]), seed: 3, training: training, batch: 3, target: target)
    }

    /// In bf16 the functions still take and give f32.
    @Test func computesInFloatWithinNarrowNetworks() throws {
        let plan = try Compiler(target: .host, cache: nil, threads: 1, precision: .bf16).plan(try Self.small(), batch: 2)
        let calls = plan.kernels.filter { $0.call != nil }
        #expect(calls.count == 4 && calls.allSatisfy { $0.parameters.allSatisfy { $0.element == .f32 } })
    }

    @Test func bitsDoNotDependOnThreads() throws {
        let network = try Self.small()
        var results: Set<[UInt32]> = []
        for threads in [1, 2, 3, 8] {
            let compiler = Compiler(cache: nil, threads: threads)
            let executable = try compiler.executable(network, batch: 5, pool: ThreadPool(threads: threads))
            let tensors = network.graph.bound(["N": 5]).randomTensors(seed: 4)
            try executable.setInput("image", to: try #require(tensors.inputs["image"]).values.map(Float.init))
            executable.setParameters(from: GivenParameters(tensors.parameters))
            executable.run()
            results.insert(try executable.output("logits", as: Float.self).map(\.bitPattern))
        }
        #expect(results.count == 1)
    }

    /// The graph, and the kernels, have all that they need in their text.
    @Test func textsReadBack() throws {
        let network = try Self.small()
        let text = network.graph.text()
        #expect(try Graph(reading: text, catalog: .standard).text() == text)
        let plan = try Compiler(target: .x86AVX2, cache: nil, threads: 1).plan(network, batch: 3)
        for kernel in plan.kernels where kernel.call != nil {
            #expect(try KernelReader.read(kernel.description) == [kernel])
        }
        // A wrong operand is refused in a graph of anybody's, too.
        let wrong = text.replacing("input image : f32[N, 3, 8, 10]", with: "input image : f32[N, 3, 8, 11]")
        #expect(throws: TextError.self) { try Graph(reading: wrong, catalog: .standard) }
    }

    /// Texts of kernels in which a function would be given what lies outside of its buffers, or tasks would write the same elements.
    @Test(arguments: [
        ("x[0 step 4 of 2, 2], y[0 step 4 of 2, 2]", ""), ("x[1 step 4 of 2, 2], y[0 step 4 of 2, 2]", "beyond the 12 elements of 'x'"),
        ("x[0 step 5 of 2, 2], y[0 step 4 of 2, 2]", "beyond the 12 elements of 'x'"),
        ("x[0 step 4 of 2, 2], y[0 step 4 of 2, 3]", "beyond the 12 elements of 'y'"),
        ("x[0 step 4 of 2, 2], y[0 step 3 of 2, 2]", "overlaps"),
        ("x[0 step 4 of 2, 2], y[0 step 4 of 2], y[1 step 4 of 2]", "overlaps"),
        ("x[0 step 4 of 0, 2], y[0 step 4 of 2, 2]", "of no size"),
        ("x[0 step 4 of 1099511627776, 1099511627776], y[0 step 4 of 2, 2]", "of no size"),
        ("x[0 step 1099511627776 of 2], y[0 step 4 of 2, 2]", "beyond the 12 elements"),
        ("z[0 step 4 of 2, 2], y[0 step 4 of 2, 2]", "'z' holds i32"),
    ])
    func callsStayWithinTheirBuffers(arrays: String, problem: String) {
        let text = """
            kernel k lanes 8 tasks 3 (x: read f32[12], y: write f32[12], z: read i32[12]) calls "f" with "2, 0.5f" on (\(arrays)) of "void f();" {
            }

            """
        do throws(KernelError) {
            #expect(try KernelReader.read(text).count == 1 && problem.isEmpty)
        } catch {
            #expect(!problem.isEmpty && "\(error)".contains(problem), "\(error)")
        }
    }

    /// A graph's attributes that are no C, or no rule.
    @Test(arguments: [
        ("function=\"bilateral\"", "function=\"bilateral(0); f\"", "'bilateral(0); f' is no name of a C function"),
        ("numbers=\"1, 1.5f, 0.5f\"", "numbers=\"1, f(2)\"", "'f(2)' is no number of C"),
        ("rule=\"image:", "rule=\"image", "the rule cannot be read"), ("-> f32[N, C, H, W]", "-> f32[C, N, H, W]", "'C' is the batch"),
        ("-> f32[N, C, H, W]", "-> f32[N, C, H, W * 3]", "is"), ("source=\"", "source=\"}", ""),
    ])
    func refusesWhatIsNoCall(part: String, replacement: String, message: String) throws {
        let body = "network k { input x: f32[N, 1, 3, 3]; output y = x |> bilateral; output z = x }"
        let text = try Self.network(body).graph.text()
        #expect(text.contains(part))
        do throws(CompilerError) {
            _ = try Network.read(text.replacing(part, with: replacement, maxReplacements: 1), path: "k.graph")
            #expect(message == "is")
        } catch {
            let found = error.diagnostics[0].message
            #expect(message.isEmpty ? found == "extraneous closing brace (`}`)" : found.contains(message), "\(found)")
        }
    }

    /// Several results lie side by side, as far as integers go.
    @Test func boundsItsResults() throws {
        let half = "f32[N, 1048576, 1048576]"
        let signature = Signature(
            [.f32(1, 1_048_576, 1_048_576)],
            ["rule": .text("x: \(half) -> \(half), \(half)"), "function": .text("f"), "source": .text("void f();")])
        let error = #expect(throws: TypeError.self) {
            try Operator.foreign.inferType(Signature(signature.operands, Operator.foreign.completing(signature.attributes)))
        }
        #expect(error?.message.hasPrefix("'c_function' cannot make a tensor") == true)
    }

    /// What has no gradient may stand before what is trained, and not behind.
    @Test func gradientsAreAskedFor() throws {
        func compile(_ body: String) throws {
            let text =
                "network t { input x: f32[N, 2, 4, 4]; parameter g: f32[2] = 1; output y = \(body) }\n"
                + "training of t { loss mean(y, [0, 1, 2, 3]); optimizer sgd; schedule constant(rate: 0.1, epochs: 1) }\n"
            _ = try Compiler(target: .x86AVX2, cache: nil, threads: 1).optimize(try Self.network(text), training: true)
        }
        try compile("gate_forward(x, x |> global_avg_pool |> flatten |> sum([0])) |> c: conv(2, 1)")
        try compile("gate(x |> c: conv(2, 1), g)")
        let error = try #require(throws: CompilerError.self) { try compile("gate_forward(x |> c: conv(2, 1), g)") }
        #expect(error.diagnostics[0].message.contains("the C function `gate` has no gradient, and what comes before it is trained"))
        #expect(!error.diagnostics[0].primary.span.isNone)
    }

    /// Values and gradients of all uses are right, and of a use that is wrong it is said.
    @Test func checksGradients() throws {
        let check = try ForeignCheck(try Self.small(), Compiler(cache: nil, threads: 1), pool: ThreadPool(threads: 1))
        #expect(check.uses == 4 && check.diagnostics.isEmpty, "\(check.diagnostics)")
        for (function, gradient, part) in [
            ("bilateral", "wrong", "the gradient of `image` by `wrong` is wrong"),
            ("incomplete", "bilateral_gradient", "`incomplete` leaves 2 of 64 elements of the result as they were"),
            ("logarithm", "logarithm_gradient", nil),
            ("infinite", "logarithm_gradient", "the gradient of `infinite` cannot be compared: its values are no finite numbers"),
            ("logarithm", "adding", "`adding` leaves 64 of 64 elements of the gradient of `image` as they were"),
        ] as [(String, String, String?)] {
            let text = """
                operator f(image: f32[N, C, H, W], radius = 1, space = 1.5, range = 0.5): f32[N, C, H, W] = extern "wrong.c" \(function), gradient \(gradient)
                network w { input x: f32[N, 2, 4, 4]; output y = x |> f }
                """
            let network = try Network.read(text, path: Self.folder.appending(path: "net.braid").path)
            let found = try ForeignCheck(network, Compiler(cache: nil, threads: 1), pool: ThreadPool(threads: 1)).diagnostics
            #expect(found.map(\.message) == [part].compactMap { $0 }, "\(found)")
        }
    }
}
