export const profileKey = ['profile']
