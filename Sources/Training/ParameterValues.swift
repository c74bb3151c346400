import Graph
import Interchange
import Runtime

extension Weights {
    /// A parameter's values in row-major order: those of a file that was found to fit, or of its initializer with seed 0 without one.
    public static func values(
        of parameter: Parameter, extents: [Int], from file: WeightsFile?
    ) throws(InterchangeError) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(extents.reduce(1, *))
        if let file {
            _ = try FileParameters(file: file, names: [parameter.name]).read(parameter, extents: extents, granule: 1) { values += $0 }
        } else {
            _ = SeededParameters(seed: 0).read(parameter, extents: extents, granule: 1) { values += $0 }
        }
        return values
    }
}
