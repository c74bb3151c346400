import Graph
import Interchange
import Runtime

extension Trainer {
    /// Runs a learning-rate range test: steps of the training, on its batches, with the test's rates in place of the schedule's. Where the
    /// recipe averages the gradients of several batches for an update, a step of the test is an update, and its loss their mean.
    ///
    /// Parameters and the optimizer's state are as before in the end, and nothing is saved. The losses are the same for any number of threads.
    ///
    /// - Parameter report: called after each step with what it measured.
    public func testRates(_ test: RateRangeTest, report: (RateRangeTest.Point) -> Void = { _ in }) -> RateRangeTest {
        var test = test
        let before = Weights.tensors(of: step.executable)
        let updatesPerEpoch = (maker.batchesPerEpoch - 1) / recipe.accumulation + 1
        let loader = Loader(maker, epochs: test.steps / updatesPerEpoch + 1)
        var (number, sum) = (0, 0.0)
        while let rate = test.nextRate, let batch = loader.next() {
            let place = learningRate.placeInUpdate(number)
            sum += step.run(batch, rate: rate, seed: options.seed, number: number, place: place).loss
            number += 1
            if place.done + 1 < place.count { continue }
            test.add(loss: sum / Double(place.count))
            sum = 0
            if !test.hasDiverged, let point = test.points.last { report(point) }
        }
        for tensor in before { unfailing { () throws(RuntimeError) in try step.executable.setParameter(tensor.name, to: tensor.floats) } }
        return test
    }
}
