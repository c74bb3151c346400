import Foundation
import Graph
import LoopNest
import Operators
import TestSupport
import Testing

@testable import Compiler

/// Parameters of the author's own, weights that are computed from them, and states.
@Suite struct FreeParameterTests {
    /// A convolution with spectral normalization, as `torch.nn.utils.parametrizations.spectral_norm` has it, one whose weight is
    /// standardized (Qiao et al., arXiv 1903.10520), and a gain.
    private static let blocks = """
        block spectral_conv(x, width, kernel = 3, stride = 1) {
            parameter weight: f32[width, x.channels, kernel, kernel] = fan_in_uniform
            state u: f32[width, 1] = normal(1)
            state v: f32[1, x.channels * kernel * kernel] = normal(1)
            let matrix = weight |> flatten
            let left = sum(matrix * v, [1], keep: true)
            update u = left / sqrt(sum(left * left, [0, 1]))
            let right = sum(matrix * u, [0], keep: true)
            update v = right / sqrt(sum(right * right, [0, 1]))
            let sigma = sum(sum(matrix * v, [1], keep: true) * u, [0, 1])
            x |> conv(width, kernel, stride: stride, pad: floor(kernel / 2), weight: weight / sigma, bias: false)
        }

        block standardized(x, width, kernel = 3, groups = 1) {
            parameter weight: f32[width, x.channels / groups, kernel, kernel] = he_normal
            let centred = weight - mean(weight, [1, 2, 3], keep: true)
            let deviation = sqrt(mean(centred * centred, [1, 2, 3], keep: true) + 1e-5)
            x |> conv(width, kernel, pad: floor(kernel / 2), groups: groups, weight: centred / deviation, bias: false)
        }

        """

    /// Two steps of SGD with momentum by PyTorch 2.7 in f64:
    ///
    ///     u = normalize(m @ v); v = normalize(m.T @ u)  # without gradients, m = w.flatten(1)
    ///     y = relu(conv2d(x, w / (u @ (m @ v)), padding=1)) * gain
    ///     s = k - k.mean((1, 2, 3), keepdim=True); s = s / sqrt((s * s).mean((1, 2, 3), keepdim=True) + 1e-5)
    ///     z = conv2d(y, s, padding=1); loss = (z * z).mean()
    @Test func trainsAsInPyTorch() throws {
        let text =
            Self.blocks + """
                network n {
                    input image: f32[2, 2, 5, 5]
                    parameter gain: f32[2, 1, 1] = 0.5
                    let y = (image |> a: spectral_conv(2) |> relu) * gain
                    output z = y |> b: standardized(1)
                }
                training of n {
                    loss mean(z * z, [0, 1, 2, 3])
                    optimizer sgd(momentum: 0.9)
                    schedule constant(rate: 0.25)
                }
                """
        let network = try Network.read(text, path: "n.braid")
        let step = try Compiler(target: .x86AVX2, cache: nil, threads: 1).optimize(network, training: true, stoppingAfter: "update")
        let first: [String: [Double]] = [
            "a.weight": wave(36, 1.3, 0.4), "a.u": wave(2, 0.9, 1), "a.v": wave(18, 0.5, 1), "b.weight": wave(18, 2.1, 0.7),
            "gain": [0.5, 0.5],
        ]
        var parameters: [String: ReferenceTensor] = [:]
        for node in step.nodes {
            guard let parameter = node.parameter else { continue }
            let extents = try #require(node.type.shape.extents)
            parameters[parameter.name] =
                first[parameter.name].map { ReferenceTensor(extents, $0) } ?? ReferenceTensor(extents, repeating: 0)
        }
        let image = ReferenceTensor([2, 2, 5, 5], wave(100, 0.7, 1))
        for _ in 0..<2 {
            let inputs = ["image": image, "learning_rate": .scalar(0.25)]
            parameters.merge(ReferenceEvaluator().run(step, inputs: inputs, parameters: parameters).updates) { $1 }
        }
        let expected: [String: [Double]] = [
            "a.weight": [
                0.335180893252, 0.46034864347, 0.0351650931055, -0.380646439547, -0.215451545535, 0.126505608496, 0.180153801224,
                -0.105540761567, -0.167250469093, 0.0524581800925, 0.359542494563, 0.203407003945, -0.295103216975, -0.305525695427,
                0.0290863231868, 0.362423195255, 0.0990489321283, -0.179405633153, -0.192234545268, 0.403238282732, 0.273386162768,
                -0.308321273751, -0.465679983239, 0.160764307072, 0.648375877918, 0.221144166575, -0.573739374495, -0.62283625106,
                0.0996830673634, 0.538914661952, 0.270926209334, -0.473955101977, -0.321943342321, 0.233479463823, 0.586441707848,
                -0.111319871562,
            ],
            "a.u": [0.282122261839, 0.959378459929],
            "a.v": [
                -0.0488031601185, 0.298154814396, 0.174729636125, -0.21618415075, -0.297427981087, 0.0778498223563, 0.361884537783,
                0.120195848416, -0.305521950404, -0.312394191674, 0.106678083347, 0.328862396349, 0.0930202113669, -0.300919815749,
                -0.194953079521, 0.177356920343, 0.331070079228, -0.0527722524664,
            ],
            "b.weight": [
                0.33533685737, -0.771335271606, 0.0949331898803, 0.653484038457, -0.699199629879, 0.0279539148252, 0.358053677108,
                -0.798196651457, 0.205938782034, 0.604476876555, -0.56241563974, 0.386247467485, 0.430320230405, -0.829854568892,
                0.245793390583, 0.602067680378, -0.530321882297, 0.282989401291,
            ],
            "gain": [-0.525159443343, -0.515370226873],
        ]
        for (name, values) in expected {
            let observed = try #require(parameters[name]).values
            for (a, b) in zip(observed, values) { #expect(abs(a - b) < 1e-9, "\(name): \(observed)") }
        }
        // Prediction takes the stored vectors, and moves nothing.
        #expect(network.graph.updates.isEmpty)
        let prediction = ReferenceEvaluator(mode: .inference).run(network.graph, inputs: ["image": image], parameters: parameters)
        let z = try #require(prediction.outputs["z"]).values
        for (a, b) in zip(z, [-0.0108449892694, 0.26930773843, 0.125252573729, -0.0582055219894, -0.722296367058, 0.164990543829]) {
            #expect(abs(a - b) < 1e-9, "\(z)")
        }
    }

    private func wave(_ count: Int, _ frequency: Double, _ scale: Double) -> [Double] {
        (1...count).map { scale * sin(Double($0) * frequency) }
    }

    /// Convolutions of computed weights, of every kind that kernels are chosen by: channels that fill vectors and that do not, windows,
    /// strides, groups, and rows.
    @Test(arguments: [
        "standardized(20)", "standardized(16, kernel: 1)", "standardized(32)", "standardized(3, kernel: 5)",
        "standardized(16, groups: 16)", "standardized(8, groups: 2)", "spectral_conv(16)", "spectral_conv(5, kernel: 5, stride: 2)",
    ])
    func machineCodeAgrees(layer: String) throws {
        let text =
            Self.blocks + """
                network n {
                    input image: f32[2, 3, 12, 12]
                    let features = image |> stem: conv(16, 1) |> layer: \(layer) |> relu |> last: standardized(18, kernel: 3)
                    parameter matrix: f32[2, 18] = normal(0.1)
                    parameter gain: f32[] = 1
                    parameter shift: f32[18, 1, 1] = 0
                    let rows = features + shift |> global_avg_pool |> flatten
                    output logits = rows |> fc: linear(2, weight: matrix * gain)
                }
                training of n {
                    target label: i32[2]
                    loss cross_entropy(logits, label)
                    optimizer sgd
                    schedule constant(rate: 0.1)
                }
                """
        let network = try Network.read(text, path: "n.braid")
        for target in [.host, .x86AVX2] as [Target] {
            let plan = try expectAgreement(of: network.graph, seed: 5, training: false, batch: 2, target: target)
            // What follows from parameters alone is computed once: no step of a run reads a parameter that is only a part of a weight.
            let own = Set(plan.parameters.filter { ["last.weight", "matrix", "gain"].contains($0.parameter.name) }.map(\.buffer))
            // The preparation may write its result over them.
            let kept = own.subtracting(plan.preparation.flatMap { plan.writes($0) })
            #expect(own.count == 3 && !plan.steps.contains { !kept.isDisjoint(with: $0.buffers) })
            let work = plan.steps.map(\.summary).joined(separator: " ")
            #expect(!work.contains("mean") && !work.contains("layer.divide") && !work.contains("sqrt"))
            let training = try #require(network.training)
            try expectAgreement(of: training.graph, seed: 6, training: true, batch: 2, target: target)
        }
    }

    /// Weights that depend on the pictures are no parameters at all.
    @Test(arguments: [false, true]) func weightsFromPicturesAgree(training: Bool) throws {
        let graph = """
            graph n {
              %0 = input image : f32[2, 16, 9, 9]
              %1 = mean(%0) axes=[0, 2] : f32[16, 9]
              %2 = weight w normal(0.1) : f32[20, 16, 9, 9]
              %3 = reshape(%1) shape=[1, 16, 9, 1] : f32[1, 16, 9, 1]
              %4 = multiply(%2, %3) : f32[20, 16, 9, 9]
              %5 = slice(%4) axis=2 start=1 count=3 : f32[20, 16, 3, 9]
              %6 = slice(%5) axis=3 start=2 count=3 : f32[20, 16, 3, 3]
              %7 = conv(%0, %6) channels=20 kernel=(3, 3) pad=[1] bias=false : f32[2, 20, 9, 9]
              %8 = global_avg_pool(%7) : f32[2, 20, 1, 1]
              %9 = flatten(%8) : f32[2, 20]
              %10 = input label : i32[2]
              %11 = cross_entropy(%9, %10) : f32[]
              output logits = %9
              output loss = %11
            }

            """
        let read = try Graph(reading: graph, catalog: .standard)
        try expectAgreement(of: read, seed: 2, training: training, batch: 2)
    }
}
