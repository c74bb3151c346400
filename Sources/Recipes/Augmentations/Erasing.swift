import Foundation
import Graph

extension Augmentation {
    public static let cutout = Augmentation(
        "cutout", [.integer("size", 1...4096), probability(1)], stream: 44,
        "a square of `size` pixels, about any pixel of the picture, reads as 0: the mean colour",
        source: "DeVries & Taylor, arXiv 1708.04552",
        .picture { values in
            let size = values.integer("size")
            return { random, picture in
                let (row, column) = (random.below(picture.height), random.below(picture.width))
                picture.erase(
                    .about(row: row, column: column, high: size, wide: size, inHeight: picture.height, width: picture.width))
            }
        })

    public static let randomErasing = Augmentation(
        "random_erasing",
        [
            probability(0.5), .number("area_from", 0...1, default: 0.02), .number("area_to", 0...1, default: 0.33),
            .number("aspect", 0.01...1, default: 0.3, "of the height to the width, or of the width to the height"),
            .boolean("noise", default: false, "reads as random numbers of deviation 1 instead"),
        ], stream: 45,
        "a rectangle of a share of `area_from` to `area_to` of the picture, of any aspect down to `aspect`, reads as 0: the mean colour",
        source: "Zhong et al., arXiv 1708.04896; `RandomErasing`", problem: { range($0, "area_from", "area_to") },
        .picture { values in
            let (least, greatest) = (values.number("area_from"), values.number("area_to"))
            let (widest, isNoise) = (-log(values.number("aspect")), values.boolean("noise"))
            return { random, picture in
                let (height, width) = (picture.height, picture.width)
                // Ten rectangles are tried; nothing is erased where none fits.
                for _ in 0..<10 {
                    let area = Double(height * width) * random.uniform(least, greatest)
                    let aspect = exp(random.uniform(-widest, widest))
                    let (high, wide) = (Int((area * aspect).squareRoot().rounded()), Int((area / aspect).squareRoot().rounded()))
                    guard high < height, wide < width else { continue }
                    let top = random.below(height - high + 1)
                    let rectangle = PictureRectangle(top: top, left: random.below(width - wide + 1), height: high, width: wide)
                    if isNoise { picture.erase(rectangle, with: &random) } else { picture.erase(rectangle) }
                    return
                }
            }
        })
}

extension AugmentedPicture {
    /// Fills a rectangle with what the network reads as 0.
    mutating func erase(_ rectangle: PictureRectangle) {
        for channel in 0..<channels {
            let values = plane(channel)
            for row in rectangle.rows { for column in rectangle.columns { values[row * width + column] = mean[channel] } }
        }
    }

    /// Fills a rectangle with what the network reads as normal random numbers.
    mutating func erase(_ rectangle: PictureRectangle, with random: inout CounterGenerator) {
        for channel in 0..<channels {
            let values = plane(channel)
            for row in rectangle.rows {
                for column in rectangle.columns {
                    values[row * width + column] = mean[channel] + deviation[channel] * Float(random.normal())
                }
            }
        }
    }
}
