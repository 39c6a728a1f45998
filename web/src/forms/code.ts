export const noCode = 'Enter the code of the mail.'
export const wrongCode = 'This code is wrong, or no longer valid.'
