import Foundation
import Graph
import Operators
import Testing

/// Numbers from PyTorch 2 in fp64, on operands that are sine waves: each tensor is probed by its first two elements, its last, and its
/// sum weighted by `cos(0.3 k)`; gradients are those of that weighted sum of the value.
struct Known: CustomTestStringConvertible, Sendable {
    let note: String
    let operation: String
    let extents: [[Int]]
    let attributes: Attributes
    let value: [Double]
    let gradients: [[Double]]

    init(
        _ note: String, _ operation: String, _ extents: [[Int]], _ attributes: Attributes, value: [Double], gradients: [[Double]]
    ) {
        (self.note, self.operation, self.extents, self.attributes) = (note, operation, extents, attributes)
        (self.value, self.gradients) = (value, gradients)
    }

    var testDescription: String { "\(operation): \(note)" }

    static let all = [
        Known(
            "strided, dilated, unevenly padded", "conv", [[2, 3, 7, 6], [5, 3, 3, 2], [5]],
            [
                "channels": .integer(5), "kernel": .integers([3, 2]), "stride": .integers([2, 1]), "pad": .integers([1, 0, 2, 1]),
                "dilation": .integers([1, 2]),
            ],
            value: [-0.45510543955131816, -0.5516167219769785, 0.6068664720681995, -0.2265397851176323],
            gradients: [
                [0.3795549048702447, 0.3652448011169871, -0.6825286236587449, 1.3709577781092523],
                [-6.063860151237054, 1.2086592427472775, -5.16701947909894, 21.320468718022543],
                [-0.7757636224684816, -0.40761039884627276, 0.7639713295616117, -0.6490704411826468],
            ]),
        Known(
            "two groups", "conv", [[2, 6, 5, 5], [4, 3, 3, 3]],
            ["channels": .integer(4), "kernel": .integer(3), "pad": .integer(1), "groups": .integer(2), "bias": .boolean(false)],
            value: [5.179458065155812, 5.021954897934804, 4.11614117431471, -9.764904174510622],
            gradients: [
                [0.07679775799779565, -0.555664445364678, 0.13679772840121152, 3.2184913786621916],
                [-3.0963945236507966, -2.790327779388301, 1.6995256175455058, -0.0824594184675469],
            ]),
        Known(
            "depthwise", "conv", [[1, 5, 6, 6], [5, 1, 3, 3], [5]],
            ["channels": .integer(5), "kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "groups": .integer(5)],
            value: [1.5925435956401244, -1.6745040581916573, 2.8746452950061787, -12.077881345892239],
            gradients: [
                [-0.5506855425976376, -0.2521135855954666, 0.7360197268610624, -7.136869481924665],
                [-1.2590947442644125, -1.339641944819843, -0.37081242095946343, -4.127938390100104],
                [2.3659351136161355, -4.739815023679711, 5.509758483332544, 0.9278681535714464],
            ]),
        Known(
            "depthwise with two outputs a channel", "conv", [[1, 2, 4, 4], [4, 1, 3, 3]],
            ["channels": .integer(4), "kernel": .integer(3), "groups": .integer(2), "bias": .boolean(false)],
            value: [-0.8147536008503747, 0.8613002666565991, -2.110073170709069, -0.8432969045165917],
            gradients: [
                [0.3496183803050758, 1.6977777246331904, -0.4415868470966665, 7.343825883325096],
                [0.7341300523655614, 0.7094380740649442, -0.15805210685473794, -1.2030255962059164],
            ]),
        Known(
            "with bias", "linear", [[3, 7], [4, 7], [4]], ["features": .integer(4)],
            value: [-0.9944466514518295, 1.4937108252614628, 0.8008210431602318, -1.70150373207484],
            gradients: [
                [0.4738284501310747, 0.31947419613003897, 0.11546735290023358, -0.11563195128255152],
                [0.26435094973683637, 1.3203913562344791, -1.63988679525179, 3.193096855365365],
                [0.6249640389354282, 0.1220015487762478, -0.870715906238058, -0.12314428586983228],
            ]),
        Known(
            "ceil", "max_pool", [[1, 3, 6, 7]], ["kernel": .integer(3), "stride": .integer(2), "ceil": .boolean(true)],
            value: [0.9995736030415052, 0.9995736030415052, 0.8994856752492519, 3.3218746953591083],
            gradients: [
                [0.0, 0.0, 0.0, 0.5323034166360598]
            ]),
        Known(
            "padded and dilated", "max_pool", [[2, 2, 8, 9]],
            ["kernel": .integers([2, 3]), "stride": .integers([2, 1]), "pad": .integer(1), "dilation": .integers([1, 2])],
            value: [0.7833269096274833, 0.9995736030415052, -0.614640259837539, 0.2514840102292524],
            gradients: [
                [0.0, 1.8253356149096782, -0.8476291196356829, -19.187147618395638]
            ]),
        Known(
            "no window starts behind the image", "max_pool", [[1, 2, 5, 5]],
            ["kernel": .integer(2), "stride": .integer(3), "pad": .integer(1), "ceil": .boolean(true)],
            value: [0.19866933079506122, 0.9995736030415052, 0.9953511049115594, 1.4726526616557039],
            gradients: [
                [1.0, 0.0, 0.0, 0.11245844306909258]
            ]),
        Known(
            "padding counted, ceil", "avg_pool", [[1, 2, 6, 7]],
            ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "ceil": .boolean(true)],
            value: [-0.04538006903543837, 0.34142126637432446, 0.30863882423468475, -0.2544916951238747],
            gradients: [
                [0.1111111111111111, 0.2172596099028451, -0.19243134910163287, -1.3040224324801173]
            ]),
        Known(
            "padding not counted, ceil", "avg_pool", [[1, 2, 6, 7]],
            [
                "kernel": .integer(3), "stride": .integer(2), "pad": .integer(1), "ceil": .boolean(true),
                "count_include_pad": .boolean(false),
            ],
            value: [-0.10210515532973632, 0.5121318995614866, 0.9259164727040543, -0.40727988354813194],
            gradients: [
                [0.25, 0.40922274818760096, -0.5367033550156002, -2.6969293764571565]
            ]),
        Known(
            "planes", "global_avg_pool", [[2, 3, 4, 5]], [:],
            value: [0.05143914183066892, 0.08709223848183914, 0.09512144970828684, 0.06037001762719833],
            gradients: [
                [0.05, 0.05, 0.0035368600833851453, -0.12283653312417764]
            ]),
        Known(
            "rows", "softmax", [[3, 6]], [:],
            value: [0.1222978456328812, 0.2194483738389317, 0.12224116712920073, -0.68858902243724],
            gradients: [
                [0.03250993468339712, 0.04853372628902785, 0.11134838669575182, 0.30433631914612996]
            ]),
        Known(
            "pixels", "log_softmax", [[2, 3, 2, 2]], [:],
            value: [-0.8998517645456923, -0.6073214622684008, -1.718225362901758, 0.18064509174700544],
            gradients: [
                [0.7458709151915196, 0.8888690442352708, 0.5574760455609268, 10.682798567253895]
            ]),
        Known(
            "largest of each plane", "max", [[2, 3, 2, 2]], ["axes": .integers([2, 3])],
            value: [0.9995736030415052, 0.1411200080598672, 0.9980266527163617, 2.7772162519119252],
            gradients: [
                [0.0, 0.0, 0.0, 0.16945741559575245]
            ]),
        Known(
            "plain", "cross_entropy", [[4, 6], [4]], [:],
            value: [1.6559053143169018, 1.6559053143169018, 1.6559053143169018, 1.6559053143169018],
            gradients: [
                [-0.2194255385917797, 0.054862093459732926, 0.014374389231386042, -0.07035600321969951]
            ]),
        Known(
            "smoothed", "cross_entropy", [[4, 6], [4]], ["smoothing": .number(0.1)],
            value: [1.6876149187623877, 1.6876149187623877, 1.6876149187623877, 1.6876149187623877],
            gradients: [
                [-0.1985922052584464, 0.050695426793066274, 0.010207722564719378, -0.07005156235899554]
            ]),
        Known(
            "rows", "mean_squared_error", [[3, 5], [3, 5]], [:],
            value: [0.8738382500855603, 0.8738382500855603, 0.8738382500855603, 0.8738382500855603],
            gradients: [
                [-0.037434161041218904, -0.025402762833428245, -0.05266961134335594, -0.050139961927834736],
                [0.037434161041218904, 0.025402762833428245, 0.05266961134335594, 0.050139961927834736],
            ]),
    ]
}

/// `sin(a k + b)` in row-major order, `a` and `b` by the operand's index.
func wave(_ extents: [Int], _ index: Int) -> ReferenceTensor {
    let (slope, start) = [(0.7, 0.2), (1.3, 0.5), (2.1, 0.1)][index]
    return ReferenceTensor(extents, (0..<extents.reduce(1, *)).map { sin(Double($0) * slope + start) })
}

private func weighting(_ extents: [Int]) -> ReferenceTensor {
    ReferenceTensor(extents, (0..<extents.reduce(1, *)).map { cos(0.3 * Double($0)) })
}

private func probe(_ tensor: ReferenceTensor) -> [Double] {
    let values = tensor.values
    let sum = zip(values, weighting(tensor.extents).values).reduce(0) { $0 + $1.0 * $1.1 }
    return [values[0], values[min(1, values.count - 1)], values[values.count - 1], sum]
}

/// The value of an operator, the probes of its f32 operands' gradients, and the updates.
func evaluate(
    _ operation: Operator, _ tensors: [ReferenceTensor], _ types: [TensorType], _ attributes: Attributes, mode: Mode
) throws -> (value: ReferenceTensor, gradients: [ReferenceTensor], updates: [String: ReferenceTensor]) {
    let names = tensors.indices.map { "t\($0)" }
    let builder = GraphBuilder(name: "known")
    let operands = types.enumerated().map { index, type in
        operation.inputs[min(index, operation.inputs.count - 1)].role == .state
            ? builder.parameter(Parameter(names[index], .state, .zeros), type) : builder.input(names[index], type)
    }
    let result = try builder.append(operation, operands, attributes)
    let type = builder.type(of: result)
    let weighted = builder.apply(.multiply, result, builder.input("weighting", type))
    builder.output("y", result)
    builder.output(
        "loss", type.rank == 0 ? weighted : builder.apply(.sum, weighted, attributes: ["axes": .integers(Array(0..<type.rank))]))
    let decomposed = builder.finish().decomposed(mode: mode)
    let loss = try #require(decomposed.outputs.first { $0.name == "loss" }).value
    let targets = try names.indices.filter { types[$0].element == .f32 }.map { try #require(decomposed.value(named: names[$0])) }
    let graph = decomposed.extended { builder, copies in
        let gradients = builder.gradients(of: copies[loss.index], withRespectTo: targets.map { copies[$0.index] })
        for (target, gradient) in zip(targets, gradients) { builder.output("d\(target.index)", gradient) }
    }
    var given = Dictionary(uniqueKeysWithValues: zip(names, tensors))
    given["weighting"] = weighting(try #require(type.shape.extents))
    let run = run(graph, given, mode: mode)
    return (
        try #require(run.outputs["y"]), try targets.map { try #require(run.outputs["d\($0.index)"]) }, run.updates
    )
}

/// Values and gradients against those of PyTorch.
@Suite struct KnownNumberTests {
    @Test(arguments: Known.all + Known.windows + Known.normalizations + Known.matrixProducts + Known.signals + Known.volumes)
    func agreesWithPyTorch(_ known: Known) throws {
        let operation = try #require(OperatorCatalog.standard[known.operation])
        let isLabelled = known.operation == "cross_entropy"
        let types = known.extents.enumerated().map { TensorType(isLabelled && $0 == 1 ? .i32 : .f32, Shape($1)) }
        let tensors = known.extents.enumerated().map { index, extents in
            types[index].element == .i32 ? ReferenceTensor(extents, [0, 5, 2, 2]) : wave(extents, index)
        }
        let observed = try evaluate(operation, tensors, types, known.attributes, mode: .training)
        expectClose(probe(observed.value), known.value, tolerance: 1e-12, "value")
        #expect(observed.gradients.count == known.gradients.count)
        for (gradient, expected) in zip(observed.gradients, known.gradients) {
            expectClose(probe(gradient), expected, tolerance: 1e-12, "gradient")
        }
    }

    /// `F.batch_norm(x, running_mean, running_var, weight, bias, training, 0.1, 1e-5)`.
    @Test(arguments: [Mode.inference, .training]) func batchNormalizationAgreesWithPyTorch(_ mode: Mode) throws {
        let mean = ReferenceTensor([4], [0.1, -0.2, 0.3, 0])
        let variance = ReferenceTensor([4], [1, 2, 0.5, 1.5])
        let tensors = [wave([3, 4, 2, 3], 0), wave([4], 1), wave([4], 2), mean, variance]
        let observed = try evaluate(.batchNormalization, tensors, tensors.map { TensorType(.f32, Shape($0.extents)) }, [:], mode: mode)
        let value: [Double]
        let gradients: [[Double]]
        switch mode {
        case .inference:
            value = [0.14713777718575527, 0.4274361503281565, 0.3942408178925294, -16.24342356080431]
            gradients = [
                [0.47942314149448834, 0.4580104208009131, 0.5986721560814101, 4.087096883541612],
                [2.613937491295864, -2.3245779075238673, 1.5403577204598216, -0.8099322747798109],
                [-1.113975976935805, -11.0104443662126, 8.230777588952296, -1.4676052130051582],
            ]
            #expect(observed.updates.isEmpty)
        case .training:
            value = [0.236033462725069, 0.6346587756740945, 0.59927214325067, -16.146839259011344]
            gradients = [
                [0.6857263973788266, 0.543240717584199, 1.5590115090289869, 2.6852114389442603],
                [3.5572469785413317, -1.6720195516661047, 2.691589732669316, 3.5438516666795956],
                [-1.113975976935805, -11.0104443662126, 8.230777588952296, -1.4676052130051582],
            ]
            expectClose(
                try #require(observed.updates["t3"]).values,
                [0.08989068305467356, -0.18090027223827684, 0.27099205335926213, -7.245755117444327e-05], tolerance: 1e-12, "running mean")
            expectClose(
                try #require(observed.updates["t4"]).values,
                [0.9523516712997742, 1.853137016633129, 0.5033078266216937, 1.402345081910196], tolerance: 1e-12, "running variance")
        }
        expectClose(probe(observed.value), value, tolerance: 1e-12, "value")
        // The gradients with respect to the running statistics follow; in PyTorch they are not differentiated.
        for (gradient, expected) in zip(observed.gradients.prefix(3), gradients) {
            expectClose(probe(gradient), expected, tolerance: 1e-11, "gradient")
        }
    }

    /// The extents of `max_pool2d` and `avg_pool2d` with `ceil_mode` along one axis, of inputs of 1 to 10; 0 where PyTorch refuses.
    @Test func windowsAreAsManyAsInPyTorch() {
        for (kernel, stride, pad, expected) in ceilingExtents {
            let extents = (1...10).map { input in
                let signature = Signature([.f32(1, 1, .fixed(input), 20)])
                return [Operator.maxPool, .averagePool].map { operation in
                    let attributes = try? operation.completing([
                        "kernel": .integers([kernel, 1]), "stride": .integers([stride, 1]), "pad": .integers([pad, 0]),
                        "ceil": .boolean(true),
                    ])
                    let type = attributes.flatMap { try? operation.inferType(Signature(signature.operands, $0)) }
                    return type?.shape[2].value ?? 0
                }
            }
            #expect(extents == expected.map { [$0, $0] }, "kernel \(kernel), stride \(stride), pad \(pad)")
        }
    }

    @Test func dropoutKeepsTheExpectedShareAndScalesIt() throws {
        let ones = ReferenceTensor([20, 50], repeating: 1)
        let builder = GraphBuilder(name: "dropout")
        let x = builder.input("x", .f32(20, 50))
        builder.output("y", builder.apply(.dropout, x, attributes: ["rate": .number(0.25)]))
        let graph = builder.finish()
        func run(seed: Double) throws -> [Double] {
            let given = ["x": ones, "seed": ReferenceTensor.scalar(seed)]
            return try #require(ReferenceEvaluator(mode: .training).run(graph, inputs: given).outputs["y"]).values
        }
        let values = try run(seed: 3)
        #expect(Set(values) == [0, 1 / 0.75])
        let kept = values.filter { $0 != 0 }.count
        #expect(abs(kept - 750) < 60)
        #expect(try run(seed: 3) == values)
        #expect(try run(seed: 4) != values)
        let inference = ReferenceEvaluator(mode: .inference).run(graph, inputs: ["x": ones])
        #expect(inference.outputs["y"] == ones)
    }

    @Test func stochasticDepthDropsWholeImagesOrAll() throws {
        let ones = ReferenceTensor([200, 3, 2], repeating: 1)
        func graph(_ mode: String) -> Graph {
            let builder = GraphBuilder(name: "depth")
            let x = builder.input("x", .f32(200, 3, 2))
            builder.output("y", builder.apply(.stochasticDepth, x, attributes: ["rate": .number(0.25), "mode": .text(mode)]))
            return builder.finish()
        }
        func run(_ mode: String, seed: Double) throws -> [[Double]] {
            let given = ["x": ones, "seed": ReferenceTensor.scalar(seed)]
            let values = try #require(ReferenceEvaluator(mode: .training).run(graph(mode), inputs: given).outputs["y"]).values
            return stride(from: 0, to: values.count, by: 6).map { Array(values[$0..<$0 + 6]) }
        }
        let rows = try run("row", seed: 3)
        #expect(rows.allSatisfy { Set($0).count == 1 } && Set(rows.map { $0[0] }) == [0, 1 / 0.75])
        #expect(abs(rows.filter { $0[0] != 0 }.count - 150) < 20)
        #expect(try run("row", seed: 3) == rows && run("row", seed: 4) != rows)
        let batches = try (0..<200).map { try run("batch", seed: Double($0)) }
        #expect(batches.allSatisfy { Set($0.flatMap { $0 }).count == 1 } && Set(batches.map { $0[0][0] }) == [0, 1 / 0.75])
        #expect(abs(batches.filter { $0[0][0] != 0 }.count - 150) < 20)
        for mode in ["row", "batch"] {
            #expect(ReferenceEvaluator(mode: .inference).run(graph(mode), inputs: ["x": ones]).outputs["y"] == ones)
        }
    }

    @Test func spatialDropoutDropsWholeChannels() throws {
        let ones = ReferenceTensor([10, 40, 2, 3], repeating: 1)
        let builder = GraphBuilder(name: "dropout")
        let x = builder.input("x", .f32(10, 40, 2, 3))
        builder.output("y", builder.apply(.spatialDropout, x, attributes: ["rate": .number(0.25)]))
        let graph = builder.finish()
        let given = ["x": ones, "seed": ReferenceTensor.scalar(3)]
        let values = try #require(ReferenceEvaluator(mode: .training).run(graph, inputs: given).outputs["y"]).values
        let planes = stride(from: 0, to: values.count, by: 6).map { Array(values[$0..<$0 + 6]) }
        #expect(planes.allSatisfy { Set($0).count == 1 })
        #expect(Set(planes.map { $0[0] }) == [0, 1 / 0.75])
        #expect(abs(planes.filter { $0[0] != 0 }.count - 300) < 40)
        #expect(ReferenceEvaluator(mode: .inference).run(graph, inputs: ["x": ones]).outputs["y"] == ones)
    }
}
