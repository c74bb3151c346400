import ArgumentParser
import Training

/// Checks a `--batch`.
func validateBatch(_ batch: Int?) throws {
    if let batch, !(1...65_536).contains(batch) { throw ValidationError("--batch must be from 1 to 65536, not \(batch)") }
}

/// Reads `--data`.
func parseData(_ text: String) throws -> DatasetSpecification {
    do {
        return try DatasetSpecification(parsing: text)
    } catch {
        throw ValidationError("\(error.message); \(error.repair)")
    }
}
