import Graph
import Recipes
import Testing

/// The rows of all forms, and how uses of them print.
@Suite struct FormTests {
    private func check<Row: Form>(_ kind: Row.Type) {
        #expect(Set(kind.all.map(\.name)).count == kind.all.count, "two \(kind.kind)s have one name")
        for form in kind.all {
            #expect(kind.named(form.name)?.name == form.name && !form.summary.isEmpty && !form.summary.hasSuffix("."), "\(form.name)")
            #expect(Set(form.parameters.map(\.name)).count == form.parameters.count, "\(form.name)")
            for parameter in form.parameters {
                #expect([.number, .integer, .boolean, .integers].contains(parameter.kind), "\(form.name).\(parameter.name)")
                switch parameter.defaultValue {
                case .number(let value)?: #expect(parameter.range.contains(value), "\(form.name).\(parameter.name)")
                case .integer(let value)?: #expect(parameter.range.contains(Double(value)), "\(form.name).\(parameter.name)")
                default: break
                }
                #expect(parameter.defaultValue.map { parameter.kind.convert($0) == $0 } ?? true, "\(form.name).\(parameter.name)")
            }
        }
    }

    @Test func rowsAreSound() {
        check(Optimizer.self)
        check(Schedule.self)
        check(Clip.self)
        check(WeightAverage.self)
        check(Augmentation.self)
        check(InitializerForm.self)
    }

    @Test func statesHaveOneMeaning() {
        for state in OptimizerState.all {
            #expect(OptimizerState.isName(state.name(of: "conv1.weight")), "\(state.name)")
            #expect(OptimizerState.all.allSatisfy { $0.name != state.name || $0.isShared == state.isShared }, "\(state.name)")
        }
        #expect(!OptimizerState.isName("conv1.weight") && !OptimizerState.isName("momentum"))
    }

    /// What is as by default is left out; integers serve as numbers.
    @Test func printsWhatIsGiven() {
        #expect("\(Optimizer.sgd())" == "sgd")
        #expect("\(Optimizer.sgd(["momentum": 0.9, "weight_decay": 1]))" == "sgd(momentum: 0.9, weight_decay: 1)")
        #expect("\(Optimizer.sgd(["momentum": 0]))" == "sgd")
        #expect("\(Schedule.multistep(["rate": 0.1, "at": [30, 60], "epochs": 90]))" == "multistep(rate: 0.1, at: [30, 60], epochs: 90)")
        #expect("\(Optimizer.rmsprop(["centered": true]))" == "rmsprop(centered: true)")
        #expect(Optimizer.sgd(["weight_decay": 1]) == Optimizer.sgd(["weight_decay": 1.0]) && Optimizer.adam() != Optimizer.adamw())
        var schedule = Schedule.constant(["rate": 0.1, "epochs": 3])
        schedule["epochs"] = nil
        #expect("\(schedule)" == "constant(rate: 0.1)" && schedule.peak == 0.1)
        #expect(Optimizer.adadelta.signature == "adadelta(rho: 0.9, epsilon: 1e-06, weight_decay: 0)")
    }
}
