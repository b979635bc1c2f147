/// What is wrong with a protobuf message; where is in the cursor that threw it.
///
/// It has no payload so that throwing stays out of the way of the hot loop; `DecodingError` is
/// made of it once, when decoding has failed.
enum WireError: Error {
    case varintTruncated
    case varintTooLong
    case tagTooLong
    case fieldNumberZero
    case wireTypeReserved
    case fixedTruncated
    case lengthExceedsMessage
    case groupUnterminated
    case groupEndMismatched
    case groupEndWithoutStart
    case groupTooDeep
    case tooManyNodes
    case tooManyBytes
}
