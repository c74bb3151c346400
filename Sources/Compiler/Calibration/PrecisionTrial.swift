import Graph
import Interchange
import Kernels
import Runtime
import Training

/// A network, compiled in some precision and run on samples.
struct PrecisionTrial {
    /// A contraction of the plan.
    struct Layer {
        var seconds: Double
        var algorithm: String
        var unit: String
    }

    /// What came out, for each output a list a sample.
    var outputs: [[[Float]]]
    /// The largest errors, one an output.
    var errors: [Double]
    /// What the cost model says of one thread.
    var seconds: Double
    /// By the contractions' labels.
    var layers: [String: Layer]

    var error: Double { errors.max() ?? 0 }
}

/// Compiles and runs one network again and again, each time with other clauses of precision.
struct PrecisionTrials {
    let compiler: Compiler
    let network: Network
    let samples: CalibrationSamples
    let reference: OutputReference
    let options: CalibrationOptions
    let pool: ThreadPool

    /// The plan of one thread: what predictions go by, whatever the number of threads that run.
    static func plan(
        _ compiler: Compiler, _ network: Network, _ clauses: PrecisionClauses, batch: Int
    ) throws(CompilerError) -> Plan {
        var (compiler, network) = (compiler, network)
        (compiler.precision, compiler.threads, compiler.tuned) = (nil, 1, compiler.tuned.withoutSchedules)
        network.graph.precisions = clauses
        return try compiler.plan(network, batch: batch)
    }

    /// Compiles, runs and predicts.
    func run(_ clauses: PrecisionClauses, _ numerics: Numerics? = nil) throws -> PrecisionTrial {
        var (compiler, network) = (compiler, network)
        compiler.precision = nil
        if let numerics { (compiler.numerics, compiler.tuned) = (numerics, .none) }
        network.graph.precisions = clauses
        let executable = try compiler.executable(network, batch: options.batch, pool: pool)
        let plan = try Self.plan(compiler, network, clauses, batch: options.batch)
        try Self.setWeights(of: executable, options.weights, network)
        let outputs = reference.run(executable, samples, batch: options.batch)
        return PrecisionTrial(
            outputs: outputs, errors: reference.errors(outputs), seconds: compiler.predictedSeconds(plan), layers: compiler.layers(of: plan)
        )
    }

    static func setWeights(of executable: Executable, _ file: WeightsFile?, _ network: Network) throws {
        guard let file else { return Weights.initialize(executable, seed: 0) }
        try Weights.load(file, into: executable, optional: network.trainingParameters)
    }
}

extension Compiler {
    private func times(_ plan: Plan) -> PlannedTimes { PlannedTimes(plan, cores: 1, target, ThreadStudy.Assumptions()) }

    /// What the cost model and the bytes that steps move say of a plan for one thread.
    func predictedSeconds(_ plan: Plan) -> Double { times(plan).seconds }

    /// The contractions of a plan by the label of their block; several with one label together.
    func layers(of plan: Plan) -> [String: PrecisionTrial.Layer] {
        let times = times(plan).times
        var layers: [String: PrecisionTrial.Layer] = [:]
        for planned in plan.groups {
            let graph = planned.group.graph
            let contraction = planned.group.members.first { planned.group.facts.contraction(of: $0) != nil }
            guard let label = contraction.flatMap({ graph[$0].label }) else { continue }
            let seconds = planned.steps.reduce(0) { $0 + times[$1].seconds }
            let step = plan.steps[planned.steps].first { $0.multiplyAccumulates > 0 } ?? plan.steps[planned.steps].first
            var layer = layers[label] ?? PrecisionTrial.Layer(seconds: 0, algorithm: "general", unit: "")
            layer.seconds += seconds
            if let choice = step?.choice { layer.algorithm = choice.text }
            if let unit = step?.unit { layer.unit = unit.rawValue }
            layers[label] = layer
        }
        return layers
    }
}
