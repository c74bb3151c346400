import Graph
import Interchange
import Runtime

/// The tensors of a file, by the parameters' names; their shapes were checked.
struct FileParameters: ParameterSource {
    let file: WeightsFile
    /// Those that are taken from it.
    let names: Set<String>

    func read(
        _ parameter: Parameter, extents: [Int], granule: Int, _ store: (UnsafeBufferPointer<Float>) -> Void
    ) throws(InterchangeError) -> Bool {
        guard names.contains(parameter.name), file[parameter.name] != nil else { return false }
        try file.readFloats(parameter.name, granule: granule, store)
        return true
    }
}
